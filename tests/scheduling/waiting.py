"""The waitlist in tests: who stands in line, and the clock that moves it on."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx

from services.scheduling.handlers.line import move_on
from shared.events.room_equipment import RoomReleased
from shared.kit.database import Transaction
from tests.scheduling.builders import Chain, Place, assignment, tomorrow


def day(days: int = 1) -> date:
    return tomorrow(days=days).date()


def window(first: int = 1, last: int | None = None, **more: Any) -> dict[str, Any]:
    """Local days so many from today."""
    return {"from": str(day(first)), "to": str(day(last if last is not None else first)), **more}


def wish(place: Place, client_id: str | None = None, *windows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "client_id": client_id or place.client_id, "treatment_id": place.treatment_id,
        "branch_ids": [place.branch_id], "windows": list(windows or (window(),)),
    } | more  # fmt: skip


async def join(chain: Chain, place: Place, *windows: dict[str, Any], client: str | None = None, **more: Any) -> Any:
    """Another client of the branch, at the end of the line."""
    client_id = client or await chain.client(place.branch_id)
    return await chain.post("/v1/waitlist", wish(place, client_id, *windows, **more))


async def move(chain: Chain) -> int:
    """Until nothing is left to do; how many steps that took."""
    steps = 0
    while await chain.run(move_on):
        steps += 1
        assert steps < 500
    return steps


async def entry(chain: Chain, entry: dict[str, Any]) -> Any:
    return await chain.get(f"/v1/waitlist/{entry['id']}")


async def states(chain: Chain, *entries: dict[str, Any]) -> list[str]:
    return [(await entry(chain, each))["state"] for each in entries]


async def offer(chain: Chain, of: dict[str, Any]) -> Any:
    """The offer that an entry is to answer."""
    now = await entry(chain, of)
    assert now["state"] == "offered", now
    return await chain.get(f"/v1/waitlist/offers/{now['offer_id']}")


async def answer(chain: Chain, offer: dict[str, Any], verb: str) -> httpx.Response:
    return await chain.http.post(f"/v1/waitlist/offers/{offer['id']}/{verb}", headers={"Prefer": "wait=0"})


async def only_slot(chain: Chain, hour: int = 10, **more: Any) -> tuple[Place, dict[str, Any]]:
    """A branch whose one therapist works for one hour tomorrow, which is booked; and the booking."""
    place = await chain.place(therapists=0, bar=False, **more)
    therapist = await chain.therapist(place.branch_id, shift=False)
    start = tomorrow(hour)
    shift = {"branch_id": place.branch_id, "starts_at": start.isoformat(),
             "ends_at": (start + timedelta(hours=1)).isoformat()}  # fmt: skip
    await chain.post(f"/v1/therapists/{therapist}/shifts", shift)
    place.therapist_ids.append(therapist)
    return place, await chain.confirmed(place, start)


async def cancel(chain: Chain, booked: dict[str, Any]) -> None:
    """The client's wish; and room-equipment gives the room back."""
    await chain.post(f"/v1/appointments/{booked['id']}/cancel", {}, 200)
    await chain.hear(RoomReleased(**assignment(booked, booked["room_id"], 2)))


async def let_lapse(chain: Chain, offer: dict[str, Any]) -> None:
    """Its last minute is over."""

    async def end(tx: Transaction) -> None:
        for statement in (
            "UPDATE holds SET created_at = created_at - interval '1 day', expires_at = clock_timestamp()"
            " - interval '1 ms' WHERE id = :id",
            "UPDATE waitlist_offers SET created_at = created_at - interval '1 day', expires_at = clock_timestamp()"
            " - interval '1 ms' WHERE id = :id",
        ):
            await tx.run(statement, {"id": UUID(offer["id"])})

    await chain.run(end)
