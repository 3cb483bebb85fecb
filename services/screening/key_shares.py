"""The half of each client's key that is kept outside of the database and of its backups.

Who has a database from before an erasure and the master keys still lacks this half, and it is gone (ADR 0026). One file
a key, named by the key's random id. Destroying overwrites and empties it and notes the id: so a database that is
restored from before the erasure is erased again.
"""

import os
import secrets
from pathlib import Path
from typing import Protocol
from uuid import UUID

_BYTES = 32


class ShareDestroyed(Exception):
    """The person was erased."""


class ShareLost(Exception):
    """There is no such share: the folder is not the one this database belongs to, or an older copy of it."""


class KeyShares(Protocol):
    """Where shares are kept; to be had by every process, and in no backup of the database."""

    def make(self, key_id: UUID) -> bytes:
        """A new share, durable when this returns."""

    def get(self, key_id: UUID) -> bytes:
        """
        Raises:
            ShareDestroyed, ShareLost.
        """

    def destroy(self, key_id: UUID) -> None:
        """For good, and durable when this returns. Doing it twice does no harm."""

    def destroyed(self) -> list[UUID]:
        """Which ever were; a database that still has one of these keys was restored from before."""


class FolderShares:
    """A folder that only its owner may read, on a disk that is encrypted and not in the database's backup."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._name = folder, str(folder)

    def make(self, key_id: UUID) -> bytes:
        path, share = self._place(key_id), secrets.token_bytes(_BYTES)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, share)
            os.fsync(handle)
        finally:
            os.close(handle)
        _sync_folder(path.parent)
        return share

    def get(self, key_id: UUID) -> bytes:
        try:  # read for each opening, a hundred thousand times when a protocol is re-run: without pathlib
            handle = os.open(f"{self._name}/{key_id.hex[-2:]}/{key_id.hex}", os.O_RDONLY)
        except FileNotFoundError:
            raise ShareLost from None
        try:
            share = os.read(handle, _BYTES)
        finally:
            os.close(handle)
        if not any(share):
            raise ShareDestroyed
        return share

    def destroy(self, key_id: UUID) -> None:
        path = self._place(key_id)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if os.fstat(handle).st_size:
                os.pwrite(handle, bytes(_BYTES), 0)
                os.fsync(handle)
                os.ftruncate(handle, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        _sync_folder(path.parent)
        note = os.open(self._notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(note, f"{key_id}\n".encode())
            os.fsync(note)
        finally:
            os.close(note)

    def destroyed(self) -> list[UUID]:
        if not self._notes.exists():
            return []
        return [UUID(line) for line in dict.fromkeys(self._notes.read_text("ascii").split())]

    @property
    def _notes(self) -> Path:
        return self._folder / "destroyed"

    def _place(self, key_id: UUID) -> Path:
        path = self._path(key_id)
        for folder in (self._folder, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def _path(self, key_id: UUID) -> Path:
        return self._folder / key_id.hex[-2:] / key_id.hex


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
