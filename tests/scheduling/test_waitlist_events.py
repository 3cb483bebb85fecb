"""What puts time before the line: each way in which it becomes free, and that a crash loses none of it."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.handlers import line
from services.scheduling.handlers.clocks import sweep_holds
from services.scheduling.handlers.offers import offer_next
from shared.events.codes import Refusal
from shared.events.room_equipment import (
    ClearancePeriod,
    RoomClearanceChanged,
    RoomClosuresChanged,
)
from shared.events.screening import StandingChanged, StandingExpired
from shared.kit import failpoints
from shared.kit.failpoints import FailpointError
from tests.scheduling.builders import ALWAYS, Chain, Place, assigned, cleared, iso, tomorrow, unavailable
from tests.scheduling.test_holds import held as hold
from tests.scheduling.test_holds import let_expire
from tests.scheduling.waiting import cancel, entry, join, move, offer, only_slot, states, window

ONE_HOUR: dict[str, Any] = {"time_from": "10:00", "time_to": "10:15"}
Frees = Callable[[], Awaitable[Any]]


async def waits_for(chain: Chain, place: Place, frees: Frees) -> None:
    """Somebody waits for tomorrow at ten and gets no offer before, and one after."""
    joined = await join(chain, place, window(**ONE_HOUR))
    await move(chain)
    assert await states(chain, joined) == ["waiting"]
    await frees()
    await move(chain)
    asked = await offer(chain, joined)
    assert asked["starts_at"] == iso(tomorrow(10))
    await chain.http.delete(f"/v1/waitlist/{joined['id']}")


async def test_every_way_in_which_a_therapist_becomes_free_is_seen(chain: Chain) -> None:
    place = await chain.place(bar=False)

    async def books(**more: Any) -> dict[str, Any]:
        booked: dict[str, Any] = await chain.request(place, tomorrow(10), **more)
        return booked

    asked = await books()
    await waits_for(chain, place, lambda: chain.hear(cleared(asked), unavailable(asked, Refusal.NO_ROOM_AVAILABLE)))
    again = await chain.confirmed(place, tomorrow(10))

    async def moves_away() -> None:
        moved = await chain.post(
            f"/v1/appointments/{again['id']}/reschedule", {"starts_at": iso(tomorrow(15))}, 202, Prefer="wait=0"
        )

        await chain.hear(cleared(moved), assigned(moved, place.room_ids[0], 2))

    await waits_for(chain, place, moves_away)
    held = await hold(chain, place, tomorrow(10))
    await waits_for(chain, place, lambda: chain.http.delete(f"/v1/holds/{held['id']}"))
    held = await hold(chain, place, tomorrow(10))

    async def expires() -> None:
        await let_expire(chain, held)
        await chain.run(sweep_holds)

    await waits_for(chain, place, expires)


async def test_a_new_shift_a_load_profile_and_a_certificate_are_seen(chain: Chain) -> None:
    place = await chain.place(therapists=0, bar=False)
    therapist = await chain.therapist(place.branch_id, shift=False, until="2020-01-01")
    shift = {"branch_id": place.branch_id, "starts_at": iso(tomorrow(10)), "ends_at": iso(tomorrow(11))}
    await chain.post(f"/v1/therapists/{therapist}/shifts", shift)
    path = f"/v1/therapists/{therapist}"

    async def certified() -> None:
        body = {"skills": [{"skill": "back-stepping", "certified_until": "2099-01-01"}]}
        answer = await chain.http.patch(path, json=body, headers={"If-Match": "*"})
        assert answer.status_code == 200

    await waits_for(chain, place, certified)
    second = await chain.therapist(place.branch_id, shift=False)
    booked = await chain.request(place, tomorrow(10))
    await waits_for(chain, place, lambda: chain.post(f"/v1/therapists/{second}/shifts", shift))
    assert booked["status"] == "pending"


async def test_a_reopened_branch_and_longer_hours_are_seen(chain: Chain) -> None:
    place = await chain.place(bar=False)
    closures = f"/v1/branches/{place.branch_id}/closures"
    closed = await chain.post(closures, {"starts_at": iso(tomorrow(9)), "ends_at": iso(tomorrow(12))})
    await waits_for(chain, place, lambda: chain.http.delete(f"{closures}/{closed['id']}"))
    late = await chain.place(bar=False, hours={"mon": [["22:00", "23:00"]]})

    async def opens() -> None:

        await chain.http.patch(
            f"/v1/branches/{late.branch_id}", json={"opening_hours": ALWAYS}, headers={"If-Match": "*"}
        )

    await waits_for(chain, late, opens)


async def test_a_cleared_a_reopened_and_a_new_room_are_seen(chain: Chain) -> None:
    place = await chain.place(rooms=0)
    room = await chain.room(place.branch_id, cleared=False)
    client = await chain.client(place.branch_id)
    await chain.hear(standing(client))
    ids = {"room_id": UUID(room), "branch_id": UUID(place.branch_id)}
    joined = await join(chain, place, window(**ONE_HOUR), client=client)

    async def clear(version: int, *periods: ClearancePeriod) -> None:
        await chain.hear(RoomClearanceChanged(**ids, version=version, periods=list(periods)))

    await move(chain)
    assert await states(chain, joined) == ["waiting"]
    await clear(1, ClearancePeriod(starts_at=tomorrow(8), ends_at=tomorrow(11)))  # not to the end of the turnover
    await move(chain)
    assert await states(chain, joined) == ["waiting"]
    await clear(2, ClearancePeriod(starts_at=tomorrow(8), ends_at=tomorrow(12)))
    await move(chain)
    assert await states(chain, joined) == ["offered"]
    massage = await chain.place(rooms=0, bar=False)
    await waits_for(chain, massage, lambda: chain.room(massage.branch_id))
    [new] = await chain.sql("SELECT id FROM rooms WHERE branch_id = :id", id=UUID(massage.branch_id))
    shut = {"room_id": new.id, "branch_id": UUID(massage.branch_id)}
    whole_day = {"starts_at": tomorrow(0), "ends_at": tomorrow(23)}
    await chain.hear(RoomClosuresChanged.model_validate(shut | {"version": 1, "closures": [whole_day]}))
    await waits_for(
        chain, massage, lambda: chain.hear(RoomClosuresChanged.model_validate(shut | {"version": 2, "closures": []}))
    )


def standing(client: str, outcome: Any = "cleared", version: int = 1, days: int | None = 300) -> StandingChanged:
    until = None if days is None else tomorrow(days=days).date()
    return StandingChanged(
        client_id=UUID(client), version=version, protocol="back-stepping", outcome=outcome, valid_until=until
    )


async def test_only_who_screening_lets_have_it_is_asked_and_keeps_the_place_meanwhile(chain: Chain) -> None:
    place = await chain.place()
    clients = [await chain.client(place.branch_id) for _ in range(5)]
    await chain.hear(standing(clients[1], "declined"), standing(clients[2], "clearance_required"))
    await chain.hear(standing(clients[3], days=0))  # through today only
    await chain.hear(standing(clients[4]))
    entries = [await join(chain, place, window(3, **ONE_HOUR), client=client) for client in clients]
    await move(chain)
    assert await states(chain, *entries) == ["waiting"] * 4 + ["offered"]
    assert [(await entry(chain, each))["passed_over_for"] for each in entries] == [
        "screening_required", "screening_declined", "clearance_required", None, None,
    ]  # fmt: skip
    await chain.http.delete(f"/v1/waitlist/{entries[4]['id']}")
    await chain.hear(standing(clients[0], version=2))
    await move(chain)
    assert (await states(chain, entries[0])) == ["offered"]
    await chain.http.delete(f"/v1/waitlist/{entries[0]['id']}")
    await chain.hear(standing(clients[2], version=3))
    await chain.hear(standing(clients[2], "clearance_required", version=2))  # late: an older word changes nothing
    await chain.hear(StandingExpired(client_id=UUID(clients[1]), version=3, protocol="back-stepping"))
    await move(chain)
    assert await states(chain, entries[1], entries[2]) == ["waiting", "offered"]


@pytest.fixture
def armed() -> Iterator[Callable[[str], None]]:
    yield failpoints.arm
    failpoints.arm("")


async def test_what_was_freed_before_a_crash_is_offered_after_it_once(
    chain: Chain, armed: Callable[[str], None]
) -> None:
    place, booked = await only_slot(chain)
    first, second = [await join(chain, place) for _ in range(2)]
    await move(chain)
    await cancel(chain, booked)
    armed("waitlist.before_commit:1:error")  # looked and chosen; nothing of it is stored
    with pytest.raises(FailpointError):
        await move(chain)
    assert await states(chain, first, second) == ["waiting", "waiting"]
    assert await chain.sql("SELECT 1 FROM holds WHERE branch_id = :id", id=UUID(place.branch_id)) == []
    await move(chain)
    assert await states(chain, first, second) == ["offered", "waiting"]
    statement = "SELECT 1 FROM outbox WHERE type LIKE '%waitlist.offered%' AND payload LIKE :entry"
    told = await chain.sql(statement, entry=f"%{first['id']}%")
    assert len(told) == 1


async def test_a_look_that_fails_keeps_no_other_branch_waiting(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:

    place, booked = await only_slot(chain)
    other, other_booked = await only_slot(chain)
    entries = [await join(chain, place), await join(chain, other)]
    await move(chain)
    await cancel(chain, booked)
    await cancel(chain, other_booked)

    async def fails_here(tx: Any, branch_id: UUID, *times: Any) -> bool:
        if str(branch_id) == place.branch_id:
            await tx.scalar("SELECT 1 / 0")
        return await offer_next(tx, branch_id, *times)

    monkeypatch.setattr(line, "offer_next", fails_here)
    await move(chain)
    assert await states(chain, *entries) == ["waiting", "offered"]
    monkeypatch.undo()
    due = "UPDATE waitlist_looks SET due_at = clock_timestamp() WHERE branch_id = :id"
    await chain.run(lambda tx: tx.run(due, {"id": UUID(place.branch_id)}))
    await move(chain)
    assert await states(chain, *entries) == ["offered", "offered"]
