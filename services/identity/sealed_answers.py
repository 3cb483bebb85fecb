"""How identity keeps the answers of idempotent POSTs: encrypted, because two of them hold a client's secret."""

import hashlib
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.identity.signing import SigningKeys
from shared.errors import Refused
from shared.kit.database import Transaction
from shared.kit.idempotency import Scope

_NONCE = 12


class SealedAnswers:
    """AES-256-GCM under a key derived from the signing keys; a stolen dump alone opens nothing."""

    def __init__(self, keys: SigningKeys) -> None:
        self._ciphers = [AESGCM(key) for key in keys.derived(b"idempotency")]

    def fingerprint(self, body: bytes) -> bytes:
        return hashlib.sha256(body).digest()

    def same(self, fingerprint: bytes, body: bytes) -> bool:
        return fingerprint == self.fingerprint(body)

    async def seal(self, tx: Transaction, scope: Scope, subject_id: UUID | None, body: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, body, None)

    async def open(self, tx: Transaction, scope: Scope, subject_id: UUID | None, body: bytes) -> bytes:
        """Raises Refused `answer_lost` when the key it was sealed with is gone."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(body[:_NONCE], body[_NONCE:], None)
            except InvalidTag:
                continue
        raise Refused("answer_lost", "The first answer can no longer be read here: the signing keys were replaced.")
