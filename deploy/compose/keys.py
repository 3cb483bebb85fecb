"""`python -m deploy.compose.keys make|show`: the secrets of a compose project, each in the volume of who needs it.

`make` runs first at every `docker compose up`: it draws fresh secrets the first time, and later only fills
in what a newer release added. Each container mounts its own folder only. `show` prints how to sign in, as JSON.
"""

import json
import os
import sys
from pathlib import Path

from deploy.embedded.databases import (
    SERVICES_WITH_DATABASE,
    database_name,
    owner_role,
    runtime_role,
    with_login,
)
from deploy.embedded.installation import PEOPLE, Installation
from deploy.runtime import SERVICES, Runtime, write_private

POSTGRES = "postgres:5432"
SERVICE_UID = 10001  # `caibei` in deploy/Dockerfile


def make(keys: Path) -> None:
    """Write every container's folder under `keys`. `keys/installation` is the source, and no container mounts it."""
    installation = load(keys)
    admin_url = f"postgresql://postgres:{installation.postgres_password}@{POSTGRES}/postgres"
    put(keys / "postgres" / "password", installation.postgres_password, uid=0, mode=0o444)
    put(keys / "migrate" / "admin_url", admin_url)
    put(keys / "migrate" / "passwords.json", json.dumps(installation.roles))
    for service in SERVICES_WITH_DATABASE:
        role = runtime_role(service)
        url = with_login(admin_url, role, installation.roles[role], database_name(service))
        put(keys / service / "database_url", url)
    for name, client in installation.api_clients.items():
        if name not in PEOPLE:
            put(keys / name / "client_secret", client["client_secret"])
    put(keys / "room_equipment" / "label_key", installation.label_key)
    for service, key in installation.link_keys.items():
        put(keys / service / "link_key", key)
    bootstrap = installation.write_identity_bootstrap()
    put(keys / "identity" / "bootstrap.json", bootstrap.read_text())
    for service in ("identity", "screening"):  # they keep keys of their own there
        os.chown(keys / service, SERVICE_UID, SERVICE_UID)


def load(keys: Path) -> Installation:
    """The project's secrets, drawn the first time. Client ids are plain names here: the compose file has them."""
    folder = keys / "installation"
    folder.mkdir(parents=True, exist_ok=True)
    installation = Installation.open(folder)
    for name, client in installation.api_clients.items():
        client["client_id"] = name.replace("_", "-")
    installation.save()
    return installation


def put(file: Path, text: str, *, uid: int = SERVICE_UID, mode: int = 0o400) -> None:
    """Write a secret for one reader, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, text)
    os.chown(file, uid, uid)
    file.chmod(mode)


def owner_url(admin_url: str, passwords: dict[str, str], service: str) -> str:
    """The address under which a service's database is migrated."""
    role = owner_role(service)
    return with_login(admin_url, role, passwords[role], database_name(service))


def show(keys: Path) -> str:
    """The project as runtime.json describes one: for `caibei` on the host, with CAIBEI_RUNTIME_FILE naming its copy."""
    clients = load(keys).api_clients
    urls = {service: f"http://127.0.0.1:{os.environ[f'CAIBEI_{service.upper()}_PUBLISHED']}" for service in SERVICES}
    described: Runtime = {
        "pid": 1,  # nothing on the host supervises it; this one is always there
        "services": urls,
        "kafka": "",
        "databases": {},
        "pids": {},
        "mailbox": f"http://127.0.0.1:{os.environ['CAIBEI_MAILBOX_PUBLISHED']}/dev/mailbox",
        "api_clients": {name: clients[name] for name in PEOPLE},
        "staff": {},
    }
    return json.dumps(described, indent=2)


if __name__ == "__main__":
    keys = Path(os.environ.get("CAIBEI_KEYS_DIR", "/keys"))
    if sys.argv[1:] == ["show"]:
        sys.stdout.write(show(keys) + "\n")
    elif sys.argv[1:] == ["make"]:
        make(keys)
    else:
        sys.exit("usage: python -m deploy.compose.keys make|show")
