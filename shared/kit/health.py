"""`/livez`, `/readyz` and `/metrics`, without a token: for the service's own network."""

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

health = APIRouter(include_in_schema=False)


@health.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@health.get("/readyz")
async def readyz(request: Request) -> Response:
    """Each dependency named. 503 without the database; without the broker it works on, `degraded`."""
    state = request.app.state
    checks: dict[str, str] = {}
    if state.database is not None:
        checks["database"] = await _database(state.database)
    if state.relay is not None:
        checks["relay"] = "ok" if state.relay.healthy else "waiting"
    if state.consumer is not None:
        checks["consumer"] = "ok" if state.consumer.healthy else "waiting"
    ready = checks.get("database", "ok") == "ok"
    whole = all(value == "ok" for value in checks.values())
    body = {
        "status": "ok" if whole else "degraded" if ready else "unavailable",
        "service": state.service,
        "version": state.version,
        "checks": checks,
    }
    return Response(orjson.dumps(body), 200 if ready else 503, media_type="application/json")


async def _database(database: Any) -> str:
    try:
        async with asyncio.timeout(1), database.transaction() as tx:
            await tx.scalar("SELECT 1")
        return "ok"
    except Exception as error:
        return f"away: {type(error).__name__}"


@health.get("/metrics")
async def metrics() -> Response:
    """Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
