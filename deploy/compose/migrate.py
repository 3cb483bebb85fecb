"""`python -m deploy.compose.migrate`: roles, databases, migrations and topics before any service starts; repeatable."""

import asyncio
import json
import os
import sys
from pathlib import Path

import asyncpg

from deploy.compose.keys import owner_url
from deploy.embedded.databases import SERVICES_WITH_DATABASE, ensure_service, owner_role, runtime_role
from deploy.embedded.topics import ensure_topics
from shared.kit.migrations import upgrade


async def roles_and_databases(admin_url: str, passwords: dict[str, str]) -> None:
    """Both roles and the database of every service; a service's own role owns nothing."""
    admin = await asyncpg.connect(admin_url)
    try:
        for service in SERVICES_WITH_DATABASE:
            await ensure_service(admin, service, passwords[owner_role(service)], passwords[runtime_role(service)])
    finally:
        await admin.close()


def main() -> None:
    keys = Path(os.environ.get("CAIBEI_KEYS_DIR", "/run/caibei"))
    admin_url = (keys / "admin_url").read_text()
    passwords = json.loads((keys / "passwords.json").read_text())
    asyncio.run(roles_and_databases(admin_url, passwords))
    for service in SERVICES_WITH_DATABASE:
        upgrade(service, owner_url(admin_url, passwords, service))
        sys.stdout.write(f"{service} is at this release's schema\n")
    created = asyncio.run(ensure_topics(os.environ["CAIBEI_KAFKA_BOOTSTRAP_SERVERS"]))
    sys.stdout.write(f"topics created: {', '.join(created) or 'none, all were there'}\n")


if __name__ == "__main__":
    main()
