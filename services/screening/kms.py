"""A key-management service, as far as it is needed: it wraps master keys, so that their file alone opens nothing.

It is asked when the keys are read, not for each client: an outage of the service stops a start, not a screening.
"""

import importlib
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_BOUND = b"caibei screening master key"


class Kms(Protocol):
    """What wraps with a key that never leaves it. An adapter for a cloud's service is these two methods."""

    def wrap(self, key: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """
        Raises:
            ValueError: it does not open. What was given is not repeated.
        """


class LocalKms:
    """Wraps with a key of its own (32 bytes), which should come from elsewhere than the file it protects."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def wrap(self, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, key, _BOUND)

    def unwrap(self, wrapped: bytes) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _BOUND)
        except InvalidTag:
            raise ValueError("the KMS does not open this key") from None


def named(name: str, key: str) -> Kms | None:
    """The KMS of the settings: none, `local` with its `key` in hex, or `package.module:factory`, called as it stands.

    Raises:
        ValueError: there is none of that name, or the local one has no key.
    """
    if not name:
        return None
    if name == "local":
        if len(key) != 64:
            raise ValueError("CAIBEI_SCREENING_KMS=local needs CAIBEI_SCREENING_KMS_KEY: 32 bytes in hex")
        return LocalKms(bytes.fromhex(key))
    module, _, factory = name.partition(":")
    if not factory:
        raise ValueError("CAIBEI_SCREENING_KMS is `local` or `package.module:factory`")
    made: Kms = getattr(importlib.import_module(module), factory)()
    return made
