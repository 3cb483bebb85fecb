"""The master keys that wrap every client's key. They live in a file and never in the database.

The file has one key a line, 32 bytes in base64 or hex; the first line wraps, the others still open. Rotation: put a new
key on top, restart; the rewrap job moves the clients' keys over, and the old line can go once none is left under it.
"""

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES = 32


@dataclass(frozen=True)
class MasterKey:
    """`id` is a short hash, kept beside what it wrapped; it tells nothing about the key."""

    id: str
    key: bytes

    def derived(self, purpose: bytes) -> bytes:
        """A key of its own for another purpose."""
        return HKDF(SHA256(), _BYTES, salt=None, info=b"caibei screening " + purpose).derive(self.key)


@dataclass(frozen=True)
class MasterKeys:
    """`active` wraps; any of `keys` opens what it once wrapped."""

    keys: tuple[MasterKey, ...]

    @property
    def active(self) -> MasterKey:
        return self.keys[0]

    @property
    def oldest(self) -> MasterKey:
        """What must stay the same over a rotation (fingerprints) is derived from this one."""
        return self.keys[-1]

    def get(self, id: str) -> MasterKey | None:
        return next((key for key in self.keys if key.id == id), None)


def load_or_create(path: Path) -> MasterKeys:
    """The keys in the file; a missing file is made, with one fresh key that only its owner may read.

    Raises:
        ValueError: a line is no key. It is not repeated.
    """
    if not path.exists():
        _create(path)
    lines = [line.strip() for line in path.read_text("ascii").splitlines()]
    keys = tuple(_parse(path, line) for line in lines if line and not line.startswith("#"))
    if not keys:
        raise ValueError(f"{path} holds no key")
    return MasterKeys(keys)


def _create(path: Path) -> None:
    """All at once, and never over another process's: a half-written key would lock clients' answers up for ever."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(_BYTES)).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
    finally:
        draft.unlink()


def _parse(path: Path, line: str) -> MasterKey:
    try:
        key = bytes.fromhex(line) if len(line) == 2 * _BYTES else base64.b64decode(line, validate=True)
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise ValueError(f"{path}: a line is not a key of {_BYTES} bytes in base64 or hex")
    return MasterKey(hashlib.sha256(b"caibei master key " + key).hexdigest()[:12], key)
