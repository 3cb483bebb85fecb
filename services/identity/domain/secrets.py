"""A client's secret: shown once, kept only as a keyed hash.

The secrets are 256 bits of chance, so a fast hash is enough (a slow one protects passwords that people choose);
the salt keeps equal secrets from looking equal.
"""

import hmac
from dataclasses import dataclass
from hashlib import blake2b

from shared.errors import Invalid

SALT_BYTES = 16
SECRET_BYTES = 32
SHORTEST = 32
"""Characters of the shortest secret that may be set from outside (the bootstrap file)."""


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """What the database keeps of a secret. `salt` is 16 bytes, `digest` 32."""

    salt: bytes
    digest: bytes

    def opens(self, secret: str) -> bool:
        """Whether this is the secret, in the same time whatever the answer."""
        return hmac.compare_digest(_digest(secret, self.salt), self.digest)


def seal(secret: str, salt: bytes) -> SealedSecret:
    """Raises Invalid `secret_too_short` below 32 characters."""
    if len(secret) < SHORTEST:
        raise Invalid("secret_too_short", f"A client secret has at least {SHORTEST} characters.")
    return SealedSecret(salt, _digest(secret, salt))


def _digest(secret: str, salt: bytes) -> bytes:
    return blake2b(secret.encode("utf-8", "surrogatepass"), key=salt, digest_size=32).digest()


NOBODY = SealedSecret(b"\0" * SALT_BYTES, b"\0" * 32)
"""Compared against when the client is unknown, so that an unknown one costs what a known one does."""
