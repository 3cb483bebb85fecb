"""Room-equipment and identity as the bar page meets them: one small server for both."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI, Response

from shared.kit.ids import new_id

GOOD = "the-labels-signature22"


class Placards:
    """What the next reader of a bar's page is to see; `asked` are the signatures that came."""

    def __init__(self) -> None:
        self.bar_id = new_id()
        self.away = False
        self.asked: list[str] = []
        self.said: dict[str, Any] = {
            "bar_id": str(self.bar_id), "branch_code": "berlin-mitte", "timezone": "Europe/Berlin", "room_code": "R1",
            "room_name": "Lotus", "serial": "BB-0417", "rated_load_kg": 250.0, "state": "certified", "reason": None,
            "since": "2026-11-03T08:30:00Z", "certified_until": "2027-05-03", "next_due": "2027-05-03",
            "room_cleared": True, "room_reason": None, "read_at": datetime(2026, 11, 25, 15, 0, tzinfo=UTC).isoformat(),
        }  # fmt: skip

    def locked_out(self) -> None:
        self.said |= {
            "state": "locked_out", "reason": "locked_out", "since": "2026-11-24T22:30:00Z", "certified_until": None,
            "room_cleared": False, "room_reason": "locked_out",
        }  # fmt: skip


@asynccontextmanager
async def serving(placards: Placards) -> AsyncIterator[str]:
    """The address of both."""
    stub = FastAPI()

    @stub.post("/oauth/token")
    async def token() -> dict[str, Any]:
        return {"access_token": "t", "expires_in": 600}

    @stub.get("/v1/bars/{bar_id}/placard")
    async def placard(bar_id: str, signature: str, response: Response) -> dict[str, Any]:
        placards.asked.append(signature)
        if placards.away:
            response.status_code = 503
        elif (bar_id, signature) != (str(placards.bar_id), GOOD):
            response.status_code = 404
        return placards.said

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(stub, log_config=None, ws="none"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
