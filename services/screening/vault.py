"""Envelope encryption: one key a client, wrapped by a master key and a share. Destroying the share is the erasure.

AES-256-GCM with a fresh 96-bit nonce. Each ciphertext names the key it is under; the associated data names client,
table, column and row, so that a ciphertext moved to another place, or a key moved to another client, does not open.
"""

import hmac
import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.screening.domain.errors import Unreadable
from services.screening.key_shares import KeyShares, ShareDestroyed, ShareLost
from services.screening.master_keys import KeyRing, MasterKey

_VERSION, _HEADER, _NONCE = b"\1", 17, 12  # version and key id; then the nonce

# Where each kind of secret lies: table and column.
_PLACES = {
    "screening": "screenings.vault",
    "clearance": "clearances.vault",
    "arrival": "arrivals.vault",
    "document": "clearance_documents.sealed",
    "idempotent answer": "idempotency_keys.body",
    "draft": "invitations.draft",
}


@dataclass(frozen=True)
class WrappedKey:
    """A client's key as the database keeps it."""

    master_key_id: str
    wrapped: bytes

    @property
    def key_id(self) -> UUID:
        """
        Raises:
            Unreadable: it was not made by a vault.
        """
        if self.wrapped[:1] != _VERSION or len(self.wrapped) < _HEADER + _NONCE:
            raise Unreadable
        return UUID(bytes=bytes(self.wrapped[1:_HEADER]))


class ClientVault:
    """Seals and opens what belongs to one client. `id` is a row's, or what else tells it from all others."""

    def __init__(self, client_id: UUID, key_id: UUID, key: bytes) -> None:
        self._client_id = client_id
        self._header = _VERSION + key_id.bytes
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

    def seal_bytes(self, kind: str, id: UUID | str, plain: bytes) -> bytes:
        return self._header + _encrypt(self._cipher, plain, self._bound(kind, id))

    def open_bytes(self, kind: str, id: UUID | str, sealed: bytes) -> bytes:
        if bytes(sealed[:_HEADER]) != self._header:
            raise Unreadable
        return _decrypt(self._cipher, sealed[_HEADER:], self._bound(kind, id))

    def _bound(self, kind: str, id: UUID | str) -> bytes:
        return self._header + f"{_PLACES[kind]}|{self._client_id}|{id}".encode()


class Vault:
    """Makes, wraps and unwraps clients' keys."""

    def __init__(self, keys: KeyRing, shares: KeyShares) -> None:
        self.keys, self.shares = keys, shares

    def new_key(self, client_id: UUID) -> tuple[ClientVault, WrappedKey]:
        """A fresh key for a client, ready to use and ready to keep. Waits for the disk that keeps its share."""
        key_id, key = uuid4(), AESGCM.generate_key(256)
        share = self.shares.make(key_id)
        return ClientVault(client_id, key_id, key), _wrap(self.keys.active, share, client_id, key_id, key)

    def unwrap(self, client_id: UUID, wrapped: WrappedKey) -> ClientVault:
        """
        Raises:
            Unreadable: its master key or share is not there, or this is another client's key.
        """
        key, _ = self._key(client_id, wrapped)
        return ClientVault(client_id, wrapped.key_id, key)

    def rewrap(self, client_id: UUID, wrapped: WrappedKey) -> WrappedKey:
        """The same key under the active master key."""
        key, share = self._key(client_id, wrapped)
        return _wrap(self.keys.active, share, client_id, wrapped.key_id, key)

    def _key(self, client_id: UUID, wrapped: WrappedKey) -> tuple[bytes, bytes]:
        master = self.keys.get(wrapped.master_key_id)
        if master is None:
            raise Unreadable
        try:
            share = self.shares.get(wrapped.key_id)
        except (ShareDestroyed, ShareLost):
            raise Unreadable from None
        bound = _key_bound(master, client_id, wrapped.key_id)
        return _decrypt(_wrapping(master, share), wrapped.wrapped[_HEADER:], bound), share


def _wrap(master: MasterKey, share: bytes, client_id: UUID, key_id: UUID, key: bytes) -> WrappedKey:
    sealed = _encrypt(_wrapping(master, share), key, _key_bound(master, client_id, key_id))
    return WrappedKey(master.id, _VERSION + key_id.bytes + sealed)


def _wrapping(master: MasterKey, share: bytes) -> AESGCM:
    """Neither half tells anything of what wraps."""
    return AESGCM(hmac.digest(master.derived(b"client keys"), share, "sha256"))


def _key_bound(master: MasterKey, client_id: UUID, key_id: UUID) -> bytes:
    return f"client_keys.wrapped|{master.id}|{client_id}|{key_id}".encode()


def _encrypt(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, bound)


def _decrypt(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(bytes(sealed[:_NONCE]), bytes(sealed[_NONCE:]), bound)
    except (InvalidTag, ValueError):  # changed, or cut short
        raise Unreadable from None
