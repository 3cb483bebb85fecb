"""The same over a real broker: a request in, an answer out, a release in; each applied once though sent twice."""

import asyncio
from pathlib import Path

import pytest

from services.room_equipment.app import SERVICE
from shared.kit.testing import TokenMint, running
from tests.conftest import MakeDatabase
from tests.room_equipment.spa import Spa, cancelled, soon
from tests.servers import Topics


async def test_a_request_and_its_cancellation_travel_over_kafka(
    database: MakeDatabase, topics: Topics, mint: TokenMint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = database("room_equipment")
    for name, value in (own.environment | topics.environment | mint.environment(tmp_path)).items():
        monkeypatch.setenv(name, value)
    async with running(SERVICE, "all") as app:
        spa = await Spa(app, mint, own).open()
        room, _ = await spa.cleared_room()
        request = spa.request(soon(1))

        async def answers(count: int) -> list[str]:
            async with asyncio.timeout(30):
                while True:
                    said = await spa.announced(key=request.appointment_id, kind="room-equipment")
                    if len(said) >= count:
                        return [event["type"].split(".")[3] for event in said]
                    await asyncio.sleep(0.02)

        # The outbox carries any topic's events, so this service can play scheduling to itself.
        async with app.state.database.transaction() as tx:
            tx.announce(request, request)
        assert await answers(1) == ["assigned"]
        async with app.state.database.transaction() as tx:
            tx.announce(cancelled(request.appointment_id, 1, 5, spa.branch_id))
        assert await answers(2) == ["assigned", "released"]
        assert (await spa.clearance(room))["periods"]
