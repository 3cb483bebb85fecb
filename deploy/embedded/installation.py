"""What belongs to a data folder for ever: secrets, the ports last used, and the lock that admits one supervisor."""

import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from deploy.embedded.databases import SERVICES_WITH_DATABASE, owner_role, runtime_role
from deploy.runtime import ApiClient, write_private

# What each API client of a fresh installation may do. The first three are a person's or a partner's; the rest are the
# services' own and may do what the table of reads in shared/kit/peers.py needs, no more.
READS = ["scheduling:read", "rooms:read", "screening:read", "notification:read", "ops:read"]
SCOPES: dict[str, list[str]] = {
    "admin": [
        *READS, "scheduling:write", "rooms:write", "rooms:operate", "rooms:inspect", "rooms:load-profile",
        "screening:write", "screening:answers", "screening:limits", "screening:protocols",
        "notification:write", "webhooks:manage", "ops:write", "identity:manage",
    ],
    "partner": [
        "scheduling:read", "scheduling:write", "rooms:read", "screening:read", "screening:write", "webhooks:manage",
    ],
    "auditor": READS,
    "room_equipment": ["scheduling:read", "screening:read"],
    "notification": ["scheduling:read", "scheduling:links", "rooms:read", "screening:links"],
    "screening": ["scheduling:read"],
    "console": READS,
}  # fmt: skip
PEOPLE = ("admin", "partner", "auditor")

# Services whose pages are opened by signed links; each has a key of its own.
LINKING = ("scheduling", "screening")


class AlreadyRunning(RuntimeError):
    """Another supervisor holds this data folder; the message names its pid."""


@dataclass
class Installation:
    """`DIR/installation.json`, mode 0600. Everything else in the folder can be read with it and not without."""

    folder: Path
    postgres_password: str = field(default_factory=secrets.token_urlsafe)
    roles: dict[str, str] = field(default_factory=dict)
    api_clients: dict[str, ApiClient] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    label_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    link_keys: dict[str, str] = field(default_factory=dict)
    demo_imported: bool = False

    @classmethod
    def open(cls, folder: Path) -> "Installation":
        """Read it, or make it with fresh secrets; what a newer release added is filled in."""
        file = folder / "installation.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        installation = cls(folder, **known)
        for service in SERVICES_WITH_DATABASE:
            for role in (owner_role(service), runtime_role(service)):
                installation.roles.setdefault(role, secrets.token_urlsafe(24))
        for service in LINKING:
            installation.link_keys.setdefault(service, secrets.token_urlsafe(32))
        for name in SCOPES:
            if name not in installation.api_clients:
                client_id = f"{name.replace('_', '-')}-{secrets.token_hex(4)}"
                installation.api_clients[name] = {"client_id": client_id, "client_secret": secrets.token_urlsafe(32)}
        installation.save()
        return installation

    def save(self) -> None:
        """Write it back, whole or not at all."""
        known = {name: value for name, value in asdict(self).items() if name != "folder"}
        write_private(self.folder / "installation.json", json.dumps(known, indent=2))

    def write_identity_bootstrap(self) -> Path:
        """The file from which identity learns its first API clients; identity loads it idempotently at each start."""
        clients = [
            {"name": name, **self.api_clients[name], "scopes": scopes, "branches": ["*"]}
            for name, scopes in SCOPES.items()
        ]
        file = self.folder / "identity-bootstrap.json"
        write_private(file, json.dumps({"api_clients": clients, "staff": []}, indent=2))
        return file


def lock(folder: Path) -> IO[str]:
    """Hold `folder` for this process; the kernel lets go when it ends, however it ends. Raises AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    # Root's servers run as another uid and pass through; the files inside are private by their own modes.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    handle = (folder / "supervisor.lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        pid = handle.read().strip() or "unknown"
        handle.close()
        raise AlreadyRunning(
            f"{folder} is in use by process {pid}: stop that first (kill {pid}), or choose another --data-dir"
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle
