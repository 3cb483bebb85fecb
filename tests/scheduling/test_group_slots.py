"""Starts for a whole group: what is offered can be booked, and a start that lacks one is not offered."""

from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as few
from hypothesis import strategies as st

from tests.scheduling.builders import Chain, Place, iso, tomorrow
from tests.scheduling.test_groups import clients, wish
from tests.scheduling.test_races import settle


async def starts(chain: Chain, place: Place, *treatments: str, hours: tuple[int, int] = (9, 11)) -> list[str]:
    found = await chain.get(
        "/v1/availability/groups", branch_id=place.branch_id, treatment_id=list(treatments),
        **{"from": iso(tomorrow(hours[0])), "to": iso(tomorrow(hours[1]))},
    )  # fmt: skip
    return [slot["starts_at"] for slot in found["slots"]]


async def test_every_start_offered_can_be_booked_and_others_are_not_offered(chain: Chain) -> None:
    place = await chain.place(therapists=3, rooms=3)
    people = await clients(chain, place, 2)
    await chain.confirmed(place, tomorrow(9, 30))
    await chain.request(place, tomorrow(10, 45))
    pair = [place.treatment_id] * 2
    await settle(chain, place)
    minutes = [start[11:16] for start in await starts(chain, place, *pair)]
    assert minutes == ["09:00", "09:15", "09:30", "09:45", "10:30", "10:45"]  # between, two of three are busy
    assert await starts(chain, place, *pair, place.treatment_id) == []
    for start in await starts(chain, place, *pair):
        body = wish(place, tomorrow(9), people) | {"starts_at": start}
        group = await chain.post("/v1/groups", body, 202, Prefer="wait=0")
        await chain.post(f"/v1/groups/{group['id']}/cancel", {}, 200)
    taken = await chain.post("/v1/groups", wish(place, tomorrow(9, 30), people), 202, Prefer="wait=0")
    assert await starts(chain, place, *pair, hours=(9, 10)) == []  # each start until 10:15 would lack one
    refused = await chain.post("/v1/groups", wish(place, tomorrow(9, 30), people), 409)
    assert refused["alternatives"]
    nearest = refused["alternatives"][0]
    assert (nearest["starts_at"], len(set(nearest["therapist_ids"]))) == (iso(tomorrow(8, 30)), 2)
    await chain.post(f"/v1/groups/{taken['id']}/cancel", {}, 200)


async def test_members_of_different_treatments_share_the_rooms_with_bars_last(chain: Chain) -> None:
    place = await chain.place(therapists=3, rooms=1)
    plain = await chain.treatment(bar=False)
    await chain.room(place.branch_id, cleared=False)
    assert await starts(chain, place, place.treatment_id, plain)
    assert await starts(chain, place, plain, plain)
    assert await starts(chain, place, place.treatment_id, place.treatment_id) == []
    assert await starts(chain, place, place.treatment_id, plain, plain) == []


@few(max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_nested_rooms_suffice_exactly_when_each_can_have_its_own(free: list[int]) -> None:
    from itertools import permutations
    from uuid import UUID

    from services.scheduling.handlers.availability import Offer
    from services.scheduling.handlers.group_slots import Seat, _rooms_suffice

    ids = [UUID(int=n) for n in range(len(free))]
    at = tomorrow()
    here = {id: Offer(at, at, id, id, [], rooms) for id, rooms in zip(ids, free, strict=True)}
    rooms: Any = range(max(*free, len(free)))
    orders = permutations(rooms, len(free))
    possible = any(all(room < own for room, own in zip(order, free, strict=True)) for order in orders)
    assert _rooms_suffice(here, [Seat(id) for id in ids]) is possible
