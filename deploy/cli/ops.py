"""The same question to every service that has one: `/v1/ops/…`."""

import asyncio
from typing import Any

from deploy.embedded.databases import SERVICES_WITH_DATABASE


def asked(running: dict[str, str], service: str | None = None) -> list[str]:
    """The services to ask: one, or all that keep an outbox."""
    return [name for name in SERVICES_WITH_DATABASE if name in running and service in (None, name)]


async def each(services: Any, names: list[str], path: str, *, pages: bool = False) -> dict[str, Any]:
    """{service: answer}, all asked at once."""
    calls = (services.all(name, path) if pages else services.get(name, path) for name in names)
    return dict(zip(names, await asyncio.gather(*calls), strict=True))
