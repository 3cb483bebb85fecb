"""Envelope encryption: one key a client, wrapped by the master key. Destroying the client's key is the erasure.

AES-256-GCM with a fresh 96-bit nonce. The associated data names the client, the kind of row and the row, so that a
ciphertext moved to another row, or a key moved to another client, does not open.
"""

import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.screening.domain.errors import Unreadable
from services.screening.master_keys import MasterKey, MasterKeys

_NONCE = 12


@dataclass(frozen=True)
class WrappedKey:
    """A client's key as the database keeps it."""

    master_key_id: str
    wrapped: bytes


class ClientVault:
    """Seals and opens what belongs to one client."""

    def __init__(self, client_id: UUID, key: bytes) -> None:
        self._client_id = client_id
        self._cipher = AESGCM(key)

    def seal(self, kind: str, id: UUID, value: dict[str, Any]) -> bytes:
        """The ciphertext of a JSON-ready value, for the row `id` of a table."""
        return self.seal_bytes(kind, id, orjson.dumps(value))

    def open(self, kind: str, id: UUID, sealed: bytes) -> dict[str, Any]:
        """
        Raises:
            Unreadable: it was sealed for another client or row, or changed since.
        """
        value: dict[str, Any] = orjson.loads(self.open_bytes(kind, id, sealed))
        return value

    def seal_bytes(self, kind: str, id: UUID, plain: bytes) -> bytes:
        return _encrypt(self._cipher, plain, self._bound(kind, id))

    def open_bytes(self, kind: str, id: UUID, sealed: bytes) -> bytes:
        return _decrypt(self._cipher, sealed, self._bound(kind, id))

    def _bound(self, kind: str, id: UUID) -> bytes:
        return f"{kind}|{self._client_id}|{id}".encode()


class Vault:
    """Makes, wraps and unwraps clients' keys."""

    def __init__(self, keys: MasterKeys) -> None:
        self.keys = keys
        self._ciphers = {key.id: AESGCM(key.key) for key in keys.keys}

    def new_key(self, client_id: UUID) -> tuple[ClientVault, WrappedKey]:
        """A fresh key for a client, ready to use and ready to keep."""
        key = AESGCM.generate_key(256)
        return ClientVault(client_id, key), self._wrap(self.keys.active, client_id, key)

    def unwrap(self, client_id: UUID, wrapped: WrappedKey) -> ClientVault:
        """
        Raises:
            Unreadable: its master key is not in the file, or this is another client's key.
        """
        return ClientVault(client_id, self._key(client_id, wrapped))

    def rewrap(self, client_id: UUID, wrapped: WrappedKey) -> WrappedKey:
        """The same key under the active master key."""
        return self._wrap(self.keys.active, client_id, self._key(client_id, wrapped))

    def _key(self, client_id: UUID, wrapped: WrappedKey) -> bytes:
        master = self.keys.get(wrapped.master_key_id)
        if master is None:
            raise Unreadable
        return _decrypt(self._ciphers[master.id], wrapped.wrapped, _key_bound(master, client_id))

    def _wrap(self, master: MasterKey, client_id: UUID, key: bytes) -> WrappedKey:
        return WrappedKey(master.id, _encrypt(self._ciphers[master.id], key, _key_bound(master, client_id)))


def _key_bound(master: MasterKey, client_id: UUID) -> bytes:
    return f"client key|{master.id}|{client_id}".encode()


def _encrypt(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, bound)


def _decrypt(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
    except (InvalidTag, ValueError):  # changed, or cut short
        raise Unreadable from None
