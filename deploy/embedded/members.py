"""The processes of the services: which there are, and how each is started, kept and asked whether it is ready."""

from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.databases import SERVICES_WITH_DATABASE
from deploy.embedded.environment import Addresses, environment
from deploy.embedded.installation import Installation
from deploy.embedded.ports import LOOPBACK, pick
from deploy.embedded.probe import ready
from deploy.embedded.workers import Nursery, Worker


@dataclass
class Member:
    """One process of a service. `port` answers /readyz; for the service's API it is the service's port."""

    service: str
    role: str
    port: int
    env: dict[str, str]
    log: Path
    worker: Worker | None = None

    @property
    def name(self) -> str:
        return self.service if self.role == "all" else f"{self.service} {self.role}"

    async def start(self, nursery: Nursery) -> None:
        self.worker = await nursery.spawn(f"services.{self.service}", [self.role], self.env, self.log)

    async def ended(self) -> int:
        assert self.worker is not None
        await self.worker.wait()
        return self.worker.ended.result()

    async def ready(self) -> bool:
        return await ready(f"http://{LOOPBACK}:{self.port}")


def members(
    installation: Installation, addresses: Addresses, services: tuple[str, ...], workers: int, logs: Path
) -> list[Member]:
    """One process a service; with `workers` one for the API and that many for messages and jobs beside it."""
    found = []
    for service in services:
        roles = ["api", *["worker"] * workers] if workers and service in SERVICES_WITH_DATABASE else ["all"]
        for number, role in enumerate(roles):
            port = pick()[0] if role == "worker" else addresses.ports[service]
            env = environment(installation, addresses, service, port) | {
                "CAIBEI_INSTANCE": f"{service}-{role}-{number}"
            }
            found.append(Member(service, role, port, env, logs / f"{service}.log"))
    return found
