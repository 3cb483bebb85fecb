"""The keys that sign access tokens, and the file they live in.

The file holds one or more PEM private keys (EC P-256). The first one signs; the others are only published, so that
a token of yesterday's key still verifies. To rotate: put a new key on top, restart, and drop the last key after
ten minutes.
"""

import os
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

ALGORITHM = "ES256"
_PEM = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----\s*", re.DOTALL)


class UnusableKeyFile(RuntimeError):
    """The signing key file is there and cannot be used; identity refuses to start."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """`privates[0]` signs. `kid` is its RFC 7638 thumbprint; `jwks` is the public part of all of them (RFC 7517)."""

    privates: tuple[ec.EllipticCurvePrivateKey, ...]
    kid: str
    jwks: dict[str, list[dict[str, str]]]

    def sign(self, claims: dict[str, Any]) -> str:
        """An access token of RFC 9068 (`typ: at+jwt`)."""
        return jwt.encode(claims, self.privates[0], ALGORITHM, headers={"typ": "at+jwt", "kid": self.kid})

    def derived(self, purpose: bytes) -> list[bytes]:
        """A 32-byte key for another purpose from each of the keys, so that one file is all there is to keep."""
        return [_derived(key, purpose) for key in self.privates]


def load_or_create(path: Path) -> SigningKeys:
    """The keys in `path`. A file that is not there is made with one new key, readable by its owner only.

    Two processes may do this at once: the file appears whole, and both read the one that came first.

    Raises:
        UnusableKeyFile: others may read it, or it holds something else than P-256 private keys.
    """
    if not path.exists():
        _create(path)
    mode = path.stat().st_mode
    if mode & 0o077:
        raise UnusableKeyFile(f"{path}: readable by others (mode {mode & 0o777:o}); chmod 600 it")
    return read(path.read_bytes(), str(path))


def read(pem: bytes, where: str = "signing key") -> SigningKeys:
    """The keys of a PEM text, the first one signing. Raises UnusableKeyFile."""
    keys = [_private_key(block, where) for block in _PEM.findall(pem)]
    if not keys:
        raise UnusableKeyFile(f"{where}: no private key in it")
    published = [_public_jwk(key) for key in keys]
    return SigningKeys(tuple(keys), published[0]["kid"], {"keys": published})


def _derived(key: ec.EllipticCurvePrivateKey, purpose: bytes) -> bytes:
    number = key.private_numbers().private_value.to_bytes(32, "big")
    return HKDF(hashes.SHA256(), length=32, salt=None, info=b"caibei identity " + purpose).derive(number)


def _private_key(pem: bytes, where: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise UnusableKeyFile(f"{where}: {type(error).__name__} while reading a private key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UnusableKeyFile(f"{where}: holds a key that is not EC P-256")
    return key


def _public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    jwk: dict[str, str] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    # RFC 7638: the required members only, in lexicographic order, without white space.
    thumbprint = f'{{"crv":"{jwk["crv"]}","kty":"{jwk["kty"]}","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
    kid = base64url_encode(sha256(thumbprint.encode()).digest()).decode()
    return {"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"], "kid": kid, "use": "sig",
            "alg": ALGORITHM}  # fmt: skip


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails when another process was first; its key is then everybody's
        except FileExistsError:
            return
    finally:
        draft.unlink()
