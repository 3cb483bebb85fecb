"""The master keys that wrap every client's key. They are kept outside of the database, by a source.

Newest first: the first wraps, each still opens what it once wrapped. Rotation puts a new one on top; the rewrap job
moves the clients' keys over, and an old key can be destroyed once nothing is left under it.
"""

import base64
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.screening.domain.errors import MasterKeysKeptElsewhere
from services.screening.kms import Kms

_BYTES = 32
_WRAPPED = "kms:"


@dataclass(frozen=True)
class MasterKey:
    """`id` is a short hash, kept beside what it wrapped; it tells nothing about the key."""

    id: str
    key: bytes

    @classmethod
    def of(cls, key: bytes) -> "MasterKey":
        return cls(hashlib.sha256(b"caibei master key " + key).hexdigest()[:12], key)

    @classmethod
    def fresh(cls) -> "MasterKey":
        return cls.of(secrets.token_bytes(_BYTES))

    def derived(self, purpose: bytes) -> bytes:
        """A key of its own for another purpose."""
        return _derived(self.key, purpose)


@lru_cache(maxsize=64)
def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), _BYTES, salt=None, info=b"caibei screening " + purpose).derive(key)


@dataclass(frozen=True)
class MasterKeys:
    """`active` wraps; any of `keys` opens what it once wrapped."""

    keys: tuple[MasterKey, ...]

    @property
    def active(self) -> MasterKey:
        return self.keys[0]

    def get(self, id: str) -> MasterKey | None:
        return next((key for key in self.keys if key.id == id), None)


class KeySource(Protocol):
    """Where master keys are kept. One that is not `writable` is changed by whoever keeps it."""

    @property
    def writable(self) -> bool: ...

    def stamp(self) -> object:
        """Another value when the keys may have changed."""

    def read(self) -> MasterKeys:
        """
        Raises:
            ValueError: what is there is no key. It is not repeated.
        """

    def change(self, change: Callable[[MasterKeys], MasterKeys]) -> MasterKeys:
        """Replace the keys by `change(keys)`, all at once, one changer at a time."""


class FileKeys:
    """A file with one key a line, 32 bytes in base64 or hex, or `kms:` and what a KMS made of it. Made if absent."""

    def __init__(self, path: Path, kms: Kms | None = None) -> None:
        self._path, self._kms = path, kms

    @property
    def writable(self) -> bool:
        return os.access(self._path.parent, os.W_OK)

    def stamp(self) -> object:
        found = self._path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> MasterKeys:
        if not self._path.exists():
            self._create()
        return parse(self._path.read_text("ascii"), self._kms, str(self._path))

    def change(self, change: Callable[[MasterKeys], MasterKeys]) -> MasterKeys:
        with self._alone():
            changed = change(self.read())
            draft = self._draft("".join(f"{self._line(key)}\n" for key in changed.keys))
            draft.replace(self._path)
            self._sync()  # before anything is wrapped by it: a power cut must not bring the file of before back
            return changed

    def _create(self) -> None:
        """Never over another process's: of two that start at once, one file counts."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._draft(self._line(MasterKey.fresh()) + "\n")
        try:
            os.link(draft, self._path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        self._sync()

    def _draft(self, text: str) -> Path:
        """Durable before it counts: a half-written key would lock clients' answers up for ever."""
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return draft

    def _sync(self) -> None:
        handle = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _line(self, key: MasterKey) -> str:
        if self._kms is None:
            return base64.b64encode(key.key).decode()
        return _WRAPPED + base64.b64encode(self._kms.wrap(key.key)).decode()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


class GivenKeys:
    """Keys from the environment, as in the file, parted by commas or line breaks."""

    writable = False

    def __init__(self, text: str, kms: Kms | None = None) -> None:
        self._keys = parse(text.replace(",", "\n"), kms, "CAIBEI_SCREENING_MASTER_KEYS")

    def stamp(self) -> object:
        return None

    def read(self) -> MasterKeys:
        return self._keys

    def change(self, change: Callable[[MasterKeys], MasterKeys]) -> MasterKeys:
        raise MasterKeysKeptElsewhere


class KeyRing:
    """The keys of a source, read again when they change: another process may have rotated them."""

    def __init__(self, source: KeySource) -> None:
        self.source = source
        source.read()  # makes what is not there yet
        self._stamp = source.stamp()
        self._keys = source.read()

    @property
    def keys(self) -> tuple[MasterKey, ...]:
        return self._present().keys

    @property
    def active(self) -> MasterKey:
        return self._present().active

    def get(self, id: str) -> MasterKey | None:
        return self._keys.get(id) or self._present().get(id)

    def _present(self) -> MasterKeys:
        if (stamp := self.source.stamp()) != self._stamp:
            self._keys, self._stamp = self.source.read(), stamp
        return self._keys


def parse(text: str, kms: Kms | None, where: str) -> MasterKeys:
    """
    Raises:
        ValueError: a line is no key, or is wrapped by a KMS that is not set. It is not repeated.
    """
    lines = [line.strip() for line in text.splitlines()]
    keys = tuple(_parse(where, line, kms) for line in lines if line and not line.startswith("#"))
    if not keys:
        raise ValueError(f"{where} holds no key")
    return MasterKeys(keys)


def _parse(where: str, line: str, kms: Kms | None) -> MasterKey:
    try:
        if line.startswith(_WRAPPED):
            if kms is None:
                raise ValueError(f"{where}: a key is wrapped by a KMS, and CAIBEI_SCREENING_KMS names none")
            key = kms.unwrap(base64.b64decode(line.removeprefix(_WRAPPED), validate=True))
        else:
            key = bytes.fromhex(line) if len(line) == 2 * _BYTES else base64.b64decode(line, validate=True)
    except ValueError as error:
        if "KMS" in str(error):
            raise
        key = b""
    if len(key) != _BYTES:
        raise ValueError(f"{where}: a line is not a key of {_BYTES} bytes in base64 or hex")
    return MasterKey.of(key)
