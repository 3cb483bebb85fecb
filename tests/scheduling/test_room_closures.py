"""A closed room is offered to nobody, whatever the treatment; what room-equipment said last holds."""

from datetime import datetime
from uuid import UUID

from shared.events.room_equipment import Closure, RoomClosuresChanged
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, Place, iso, tomorrow


def closed(place: Place, version: int, *closures: tuple[datetime, datetime | None]) -> RoomClosuresChanged:
    return RoomClosuresChanged(
        room_id=UUID(place.room_ids[0]), branch_id=UUID(place.branch_id), version=version,
        closures=[Closure(starts_at=start, ends_at=end) for start, end in closures],
    )  # fmt: skip


async def starts(chain: Chain, place: Place) -> list[str]:
    window = {"from": iso(tomorrow(8)), "to": iso(tomorrow(14))}
    asked = {"treatment_id": place.treatment_id, "branch_id": place.branch_id}
    return [slot["starts_at"] for slot in (await chain.get("/v1/availability", **asked, **window))["slots"]]


async def test_a_closed_room_is_offered_to_nobody_and_opens_again(chain: Chain) -> None:
    for bar in (True, False):
        place = await chain.place(bar=bar)
        before = await starts(chain, place)
        await chain.hear(closed(place, 1, (tomorrow(10), tomorrow(12))))
        offered = await starts(chain, place)
        # An hour and fifteen minutes of turnover fit before ten, and again from noon on.
        assert offered == [start for start in before if start <= iso(tomorrow(8, 45)) or start >= iso(tomorrow(12))]
        await chain.hear(closed(place, 2, (tomorrow(10), None)))
        assert await starts(chain, place) == [start for start in before if start <= iso(tomorrow(8, 45))]
        await chain.hear(closed(place, 1, (tomorrow(8), tomorrow(14))))  # overtaken
        await chain.hear(closed(place, 3))
        assert await starts(chain, place) == before


async def test_a_closure_heard_of_before_its_room_waits_for_it(chain: Chain) -> None:
    branch, room = UUID(await chain.branch()), new_id()
    await chain.hear(
        RoomClosuresChanged(
            room_id=room, branch_id=branch, version=1, closures=[Closure(starts_at=tomorrow(9), ends_at=None)]
        )
    )
    rows = await chain.sql("SELECT count(*) AS n FROM room_closures WHERE room_id = :room", room=room)
    assert rows[0].n == 1
