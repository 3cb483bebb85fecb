"""How screening keeps the answers of idempotent POSTs (rules: Screening).

The fingerprint is a keyed HMAC: a plain hash of "yes" and "no" could be guessed. The stored answer is encrypted with
the client's key and dies with it; an answer that is about no client is under a key of the service.
"""

import hashlib
import hmac
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.screening.domain.errors import Erased
from services.screening.master_keys import MasterKeys
from services.screening.store.clients import existing_vault
from services.screening.vault import Vault
from shared.errors import Refused
from shared.kit.database import Transaction

_KIND = "idempotent answer"
_SERVICE, _CLIENT, _ERASED = b"\0", b"\1", b"\2"
_NONCE = 12


class SealedAnswers:
    """The codec of screening's idempotency records."""

    def __init__(self, keys: MasterKeys) -> None:
        self._vault = Vault(keys)
        # Over a rotation both must stay what they were, as long as the old key is in the file.
        self._fingerprints = keys.oldest.derived(b"fingerprints")
        self._service = AESGCM(keys.oldest.derived(b"answers about no client"))

    def fingerprint(self, body: bytes) -> bytes:
        return hmac.new(self._fingerprints, body, hashlib.sha256).digest()

    async def seal(self, tx: Transaction, subject_id: UUID | None, body: bytes) -> bytes:
        kept = await existing_vault(tx, self._vault, subject_id) if subject_id else None
        if kept is not None and subject_id is not None:
            return _CLIENT + kept.seal_bytes(_KIND, subject_id, body)
        nonce = os.urandom(_NONCE)
        return _SERVICE + nonce + self._service.encrypt(nonce, body, None)

    async def open(self, tx: Transaction, subject_id: UUID | None, body: bytes) -> bytes:
        """
        Raises:
            Erased: the client's key was destroyed since.
        """
        if body[:1] == _SERVICE:
            try:
                return self._service.decrypt(body[1 : 1 + _NONCE], body[1 + _NONCE :], None)
            except InvalidTag:
                raise Refused("answer_lost", "The first answer can no longer be read: the key was replaced.") from None
        kept = await existing_vault(tx, self._vault, subject_id) if subject_id else None
        if body[:1] == _ERASED or kept is None or subject_id is None:
            raise Erased
        return kept.open_bytes(_KIND, subject_id, body[1:])
