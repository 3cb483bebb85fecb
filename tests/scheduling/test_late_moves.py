"""The late fee is not dodged by moving the session first."""

from datetime import datetime
from typing import Any

from shared.events.room_equipment import RoomRevoked
from tests.scheduling.builders import Chain, Place, assigned, assignment, cleared, iso, tomorrow, unavailable
from tests.scheduling.test_cancelling import cancelled, policy
from tests.scheduling.test_reschedule import asked_to_move, look

THREE_DAYS = 3 * 1440


async def late(chain: Chain) -> tuple[Place, dict[str, Any]]:
    """A session in two days, of which cancelling is free until three days before."""
    place = await chain.place()
    await policy(chain, place, free_until_minutes=THREE_DAYS)
    return place, await chain.confirmed(place, tomorrow(10, days=2))


async def moved(chain: Chain, place: Place, booked: dict[str, Any], to: datetime, **body: Any) -> dict[str, Any]:
    """Moved there, both services willing."""
    asked = await asked_to_move(chain, booked, starts_at=iso(to), **body)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], asked["attempt"]))
    now = await look(chain, booked)
    assert (now["status"], now["starts_at"]) == ("confirmed", iso(to))
    return now


async def test_a_session_moved_when_cancelling_was_late_stays_late_wherever_it_goes(chain: Chain) -> None:
    place, booked = await late(chain)
    before = booked["cancellation"]
    assert before["free_now"] is False
    assert (await moved(chain, place, booked, tomorrow(10, days=30)))["cancellation"] == before
    assert (await moved(chain, place, booked, tomorrow(10, days=60)))["cancellation"] == before
    ended = (await cancelled(chain, booked))["cancelled"]
    assert (ended["late"], ended["fee"]) == (True, {"amount": 2000, "currency": "EUR"})


async def test_one_moved_in_time_is_judged_by_its_new_start(chain: Chain) -> None:
    place = await chain.place()
    await policy(chain, place, free_until_minutes=60)
    booked = await chain.confirmed(place, tomorrow(10, days=2))
    now = await moved(chain, place, booked, tomorrow(10, days=30))
    assert (now["cancellation"]["free_now"], now["cancellation"]["free_until"]) == (True, iso(tomorrow(9, days=30)))


async def test_what_the_branch_wished_to_move_counts_by_its_new_start(chain: Chain) -> None:
    place, booked = await late(chain)
    await moved(chain, place, booked, tomorrow(10, days=30))
    now = await moved(chain, place, booked, tomorrow(10, days=40), reason="branch")
    assert now["cancellation"]["free_now"] is True
    assert (await cancelled(chain, booked))["cancelled"]["late"] is False


async def test_a_refused_move_costs_what_it_cost_before(chain: Chain) -> None:
    _, booked = await late(chain)
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(10, days=30)))
    await chain.hear(cleared(asked), unavailable(asked, "no_room_available"))
    assert (await look(chain, booked))["cancellation"] == booked["cancellation"]


async def test_who_lost_the_room_and_chose_another_time_starts_anew(chain: Chain) -> None:
    place, booked = await late(chain)
    now = await moved(chain, place, booked, tomorrow(10, days=30))
    await chain.hear(RoomRevoked(**assignment(now, place.room_ids[0], 9), reason="failed"))
    again = await asked_to_move(chain, booked, starts_at=iso(tomorrow(10, days=31)))
    await chain.hear(cleared(again), assigned(again, place.room_ids[0], 10))
    assert (await look(chain, booked))["cancellation"]["free_now"] is True
