"""The environment each service process gets: its own secrets and addresses, and nobody else's."""

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.databases import (
    SERVICES_WITH_DATABASE,
    database_name,
    owner_role,
    runtime_role,
    with_login,
)
from deploy.embedded.installation import Installation
from deploy.embedded.ports import LOOPBACK
from deploy.runtime import SERVICES

# Variables of the caller's shell that a service may see; CAIBEI_* ones pass as well, ours win.
PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "PYTHONMALLOC", "MALLOC_ARENA_MAX")


@dataclass(frozen=True)
class Addresses:
    """Where everything of this run listens."""

    admin_url: str
    kafka: str
    ports: dict[str, int]

    def url(self, service: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[service]}"

    @property
    def mailbox(self) -> str:
        return f"{self.url('console')}/dev/mailbox"


def database_urls(installation: Installation, admin_url: str, service: str) -> tuple[str, str]:
    """(runtime, owner) addresses of a service's database."""
    roles = (runtime_role(service), owner_role(service))
    runtime, owner = (with_login(admin_url, role, installation.roles[role], database_name(service)) for role in roles)
    return runtime, owner


def environment(
    installation: Installation, addresses: Addresses, service: str, port: int | None = None
) -> dict[str, str]:
    """For one process of `service`. A worker beside the API process answers for its health on a `port` of its own."""
    data = installation.folder.absolute()
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED or name.startswith(("CAIBEI_", "OTEL_", "COV_", "COVERAGE_"))
    }
    own = f"CAIBEI_{service.upper()}"
    env = {
        **passed,
        "PYTHONUNBUFFERED": "1",
        "CAIBEI_KAFKA_BOOTSTRAP_SERVERS": addresses.kafka,
        "CAIBEI_OIDC_ISSUERS": addresses.url("identity"),
        **{f"CAIBEI_{other.upper()}_URL": addresses.url(other) for other in SERVICES},
        f"{own}_HOST": LOOPBACK,
        f"{own}_PORT": str(port or addresses.ports[service]),
    }
    if service in SERVICES_WITH_DATABASE:
        env[f"{own}_DATABASE_URL"], env[f"{own}_MIGRATION_URL"] = database_urls(
            installation, addresses.admin_url, service
        )
    if client := installation.api_clients.get(service):
        env[f"{own}_CLIENT_ID"], env[f"{own}_CLIENT_SECRET"] = client["client_id"], client["client_secret"]
    if service == "room_equipment":
        env[f"{own}_LABEL_KEY"] = installation.label_key
    if key := installation.link_keys.get(service):
        env[f"{own}_LINK_KEY"] = key
    return env | special(service, data, addresses)


def special(service: str, data: Path, addresses: Addresses) -> dict[str, str]:
    """What only one service needs."""
    match service:
        case "identity":
            return {
                "CAIBEI_IDENTITY_BOOTSTRAP_FILE": str(data / "identity-bootstrap.json"),
                "CAIBEI_IDENTITY_SIGNING_KEY_FILE": str(data / "identity-signing-key.pem"),
            }
        case "screening":
            return {
                "CAIBEI_SCREENING_MASTER_KEY_FILE": str(data / "screening-master.key"),
                "CAIBEI_SCREENING_KEY_SHARES_DIR": str(data / "screening-key-shares"),
            }
        case "notification":
            return {
                "CAIBEI_NOTIFICATION_SMTP_HOST": LOOPBACK,
                "CAIBEI_NOTIFICATION_SMTP_PORT": str(addresses.ports["smtp"]),
            }
        case "console":
            return {"CAIBEI_CONSOLE_SMTP_PORT": str(addresses.ports["smtp"])}
        case _:
            return {}
