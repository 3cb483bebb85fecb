"""`runtime.json`: where a running system is and how to sign in; `caibei run` writes it, other commands read it."""

import json
import os
from pathlib import Path
from typing import TypedDict

SERVICES = ("scheduling", "screening", "room_equipment", "notification", "identity", "console")


class ApiClient(TypedDict):
    client_id: str
    client_secret: str


class Staff(TypedDict):
    email: str
    password: str


class Runtime(TypedDict):
    """The shape that contract.md, section 1, promises."""

    pid: int
    services: dict[str, str]
    kafka: str
    databases: dict[str, str]
    pids: dict[str, list[int]]
    mailbox: str
    api_clients: dict[str, ApiClient]
    staff: dict[str, Staff]


class NotRunning(RuntimeError):
    """No system runs on this data folder; the message says how to start one."""


def default_data_dir() -> Path:
    """CAIBEI_DATA_DIR, else `.caibei` here."""
    return Path(os.environ.get("CAIBEI_DATA_DIR", ".caibei"))


def path(data_dir: Path | None = None) -> Path:
    """The file itself. CAIBEI_RUNTIME_FILE names another one (the first start's import uses it before all is ready)."""
    if data_dir is None and (named := os.environ.get("CAIBEI_RUNTIME_FILE")):
        return Path(named)
    return (data_dir or default_data_dir()) / "runtime.json"


def load(data_dir: Path | None = None) -> Runtime:
    """The running system of `data_dir`. Raises NotRunning where there is none, or only what a killed one left."""
    file = path(data_dir)
    try:
        found: Runtime = json.loads(file.read_text())
    except FileNotFoundError:
        raise NotRunning(f"{file} is not there: start the system with `make run` or `caibei run`") from None
    try:
        os.kill(found["pid"], 0)
    except ProcessLookupError:
        raise NotRunning(f"the system of {file} is not running any more: start it with `make run`") from None
    except PermissionError:
        pass  # it runs, as another user
    return found


def write(file: Path, runtime: Runtime) -> None:
    """Replace the file at once, readable by its owner only: it holds secrets."""
    write_private(file, json.dumps(runtime, indent=2))


def write_private(file: Path, text: str) -> None:
    """Write `text` with mode 0600, whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
