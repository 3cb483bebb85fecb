"""A compose project of one's own, from the repository's own docker-compose.yml."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deploy.embedded.ports import pick
from deploy.runtime import Runtime

ROOT = Path(__file__).parents[2]
PUBLISHED = (
    "scheduling",
    "screening",
    "room_equipment",
    "notification",
    "identity",
    "console",
    "mailbox",
    "prometheus",
)


class Project:
    """`docker compose` with free ports, a name of its own, and no variable of the shell that would change it."""

    def __init__(self) -> None:
        self.name = f"caibei-test-{secrets.token_hex(4)}"
        self.ports = dict(zip(PUBLISHED, pick(len(PUBLISHED)), strict=True))
        published = {f"CAIBEI_{service.upper()}_PUBLISHED": str(port) for service, port in self.ports.items()}
        self.environment = os.environ | published | {"CAIBEI_IMAGE": "caibei:test"}

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    async def run(self, *arguments: str, seconds: float = 300) -> str:
        """The standard output of `docker compose …`. Raises AssertionError with what it said when it fails."""
        process = await asyncio.create_subprocess_exec(
            "docker", "compose", "--project-name", self.name, "--profile", "mail", "--progress", "plain", *arguments,
            cwd=ROOT, env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(seconds):
                out, err = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()
            raise
        if process.returncode:
            raise AssertionError(f"docker compose {' '.join(arguments)}:\n{err.decode()[-4000:]}")
        return out.decode()

    async def runtime(self) -> Runtime:
        """Where everything is and how to sign in, as `keys show` says it."""
        found: Runtime = json.loads(await self.run("run", "--rm", "--no-TTY", "--no-deps", "keys", "show"))
        return found

    async def states(self) -> dict[str, dict[str, Any]]:
        """Each container, by service, as `docker compose ps` describes it."""
        lines = (await self.run("ps", "--all", "--format", "json")).splitlines()
        return {each["Service"]: each for each in map(json.loads, lines)}


@asynccontextmanager
async def project() -> AsyncIterator[Project]:
    """Up, with everything healthy; afterwards down, volumes and all."""
    made = Project()
    try:
        await made.run("build", seconds=600)
        try:
            await made.run("up", "--detach", "--wait", "--wait-timeout", "180")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{await made.run('logs', '--no-color', '--tail', '15')}") from None
        yield made
    finally:
        await made.run("down", "--volumes", "--timeout", "10")
