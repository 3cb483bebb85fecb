"""How screening keeps the answers of idempotent POSTs (rules: Screening).

The fingerprint is a keyed HMAC: a plain hash of "yes" and "no" could be guessed. The stored answer is encrypted with
the client's key and dies with it; an answer that is about no client is under a key of the service. What is under a
master key names it, so that no key goes while something still needs it.
"""

import hashlib
import hmac
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.screening.domain.errors import Erased
from services.screening.master_keys import MasterKey
from services.screening.store.clients import existing_vault
from services.screening.vault import Vault
from shared.errors import Refused
from shared.kit import audit
from shared.kit.database import Transaction
from shared.kit.idempotency import Scope

_KIND = "idempotent answer"
_SERVICE, _CLIENT, _ERASED = b"\0", b"\1", b"\2"
_ID, _NONCE = 6, 12
_MAY_HOLD_ANSWERS = frozenset({"screening:answers", "screening:limits"})


class SealedAnswers:
    """The codec of screening's idempotency records."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def fingerprint(self, body: bytes) -> bytes:
        return _fingerprint(self._vault.keys.active, body)

    def same(self, fingerprint: bytes, body: bytes) -> bool:
        """
        Raises:
            Refused: `answer_lost`: it was made under a key that is gone.
        """
        return hmac.compare_digest(fingerprint, _fingerprint(self._master(fingerprint[:_ID]), body))

    async def seal(self, tx: Transaction, scope: Scope, subject_id: UUID | None, body: bytes) -> bytes:
        kept = await existing_vault(tx, self._vault, subject_id) if subject_id else None
        if kept is not None:
            return _CLIENT + kept.seal_bytes(_KIND, scope.row, body)
        master, nonce = self._vault.keys.active, os.urandom(_NONCE)
        return _SERVICE + bytes.fromhex(master.id) + nonce + _cipher(master).encrypt(nonce, body, scope.row.encode())

    async def open(self, tx: Transaction, scope: Scope, subject_id: UUID | None, body: bytes) -> bytes:
        """The answer; given to someone who may read answers, it is a reading like any other, and audited.

        Raises:
            Erased: the client's key was destroyed since.
            Refused: `answer_lost`: the master key is gone.
        """
        if body[:1] == _SERVICE:
            return self._of_nobody(scope, body[1:])
        kept = await existing_vault(tx, self._vault, subject_id) if subject_id else None
        if body[:1] == _ERASED or kept is None or subject_id is None:
            raise Erased
        if not _MAY_HOLD_ANSWERS.isdisjoint(scope.scopes):
            await audit.record(tx, scope.subject, "read_answers", "client", subject_id, reason="the same POST again")
        return kept.open_bytes(_KIND, scope.row, body[1:])

    def _of_nobody(self, scope: Scope, sealed: bytes) -> bytes:
        id, nonce, ciphertext = sealed[:_ID], sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :]
        try:
            return _cipher(self._master(id)).decrypt(nonce, ciphertext, scope.row.encode())
        except InvalidTag:
            raise _lost() from None

    def _master(self, id: bytes) -> MasterKey:
        found = self._vault.keys.get(id.hex())
        if found is None:
            raise _lost()
        return found


def _fingerprint(master: MasterKey, body: bytes) -> bytes:
    return bytes.fromhex(master.id) + hmac.new(master.derived(b"fingerprints"), body, hashlib.sha256).digest()


def _cipher(master: MasterKey) -> AESGCM:
    return AESGCM(master.derived(b"answers about no client"))


def _lost() -> Refused:
    return Refused("answer_lost", "The first answer can no longer be read: the key was replaced.")
