"""Sessions that run past their cleared turnover: said once, by the database's clock; at risk if nothing clears them."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.room_equipment.jobs import JOBS
from shared.kit.jobs import run_once
from tests.room_equipment.door import Door
from tests.room_equipment.spa import Spa

OVERRUNS = next(job for job in JOBS if job.name == "room-equipment.overruns")


async def turn(spa: Spa) -> None:
    """One turn of the job, in two instances at once, however short the last turn was ago."""
    await spa.as_superuser("DELETE FROM job_runs")
    await asyncio.gather(*[run_once(spa.app.state.database, OVERRUNS) for _ in range(2)])


async def pass_time(spa: Spa, session: UUID, minutes: int) -> None:
    """As if the running session had begun that much earlier, in a room cleared since then."""
    await spa.as_superuser(
        """WITH moved AS (
               UPDATE assignments SET during = tstzrange(lower(during) - $2::interval, upper(during) - $2::interval),
                   started_at = started_at - $2::interval, ends_at = ends_at - $2::interval
               WHERE appointment_id = $1 RETURNING room_id
           )
           UPDATE room_clearances c
           SET valid_during = tstzrange(lower(c.valid_during) - $2::interval, upper(c.valid_during))
           FROM moved WHERE c.room_id = moved.room_id AND c.valid_during @> clock_timestamp()""",
        session, timedelta(minutes=minutes),
    )  # fmt: skip


async def overran(door: Door, minutes: int = 76) -> None:
    (await door.start()).raise_for_status()
    await pass_time(door.spa, door.session, minutes)


async def test_a_session_not_finished_by_the_end_of_its_blocked_time_is_announced_once(door: Door) -> None:
    await overran(door, 74)
    await turn(door.spa)
    assert await door.spa.announced(kind="session.overran", key=door.session) == []  # its turnover is its own
    await pass_time(door.spa, door.session, 2)
    for _ in range(3):
        await turn(door.spa)
    (told,) = await door.spa.announced(kind="session.overran", key=door.session)
    shown = await door.spa.assignment(door.session)
    assert (told["room_id"], told["therapist_id"]) == (str(door.room), str(door.therapist))
    assert told["blocked_until"] == shown["blocked_until"] and told["overran_at"] == shown["overran_at"]
    assert shown["state"] == "running"  # the clock ends no session
    assert await door.spa.announced(kind="session.at-risk", key=door.session) == []  # and its room is still cleared


async def test_those_that_wait_for_its_room_or_its_therapist_are_named(door: Door) -> None:
    spa = door.spa
    other, _ = await spa.cleared_room()
    await overran(door, 0)
    ended = datetime.fromisoformat((await spa.assignment(door.session))["blocked_until"])
    here = await spa.book(ended, room_id=door.room, therapist_id=await spa.therapist())
    hers = await spa.book(ended + timedelta(minutes=1), room_id=other)
    await spa.book(ended + timedelta(hours=3), room_id=door.room)  # may still begin on time
    await pass_time(spa, door.session, 77)
    await spa.as_superuser(
        """UPDATE assignments SET planned_at = planned_at - interval '77 min', ends_at = ends_at - interval '77 min',
               during = tstzrange(lower(during) - interval '77 min', upper(during) - interval '77 min')
           WHERE appointment_id = ANY ($1)""",
        [here, hers],
    )
    await turn(spa)
    (told,) = await spa.announced(kind="session.overran", key=door.session)
    assert told["delayed_appointment_ids"] == [str(here), str(hers)]
    assert (await spa.assignment(door.session))["delayed_appointment_ids"] == [str(here), str(hers)]


async def test_room_and_therapist_stay_occupied_until_somebody_finishes_it(door: Door) -> None:
    await overran(door)
    await turn(door.spa)
    first, therapist = door.session, door.therapist
    door.therapist = await door.spa.therapist()
    await door.booked(datetime.now(UTC) + timedelta(minutes=5))
    assert (await door.refused("room_occupied"))["running_appointment_id"] == str(first)
    second_room, bar = await door.spa.cleared_room()
    await door.spa.cancel(door.session)
    door.room, door.bar, door.therapist = second_room, bar, therapist
    await door.booked(datetime.now(UTC) + timedelta(minutes=5))
    await door.refused("therapist_unavailable")
    (await door.spa.http.post(f"/v1/assignments/{first}/finish", json={"result": "complete"})).raise_for_status()
    assert (await door.start()).status_code == 200


async def test_one_that_runs_past_its_clearance_is_at_risk_from_then_on(door: Door) -> None:
    spa = door.spa
    await overran(door, 76)
    ended = datetime.now(UTC) - timedelta(seconds=20)
    await spa.as_superuser("DELETE FROM room_gaps WHERE room_id = $1 AND NOT upper_inf(during)", door.room)
    for table, column, span in (
        ("room_clearances", "valid_during", "tstzrange(lower(valid_during), $2)"),
        ("room_gaps", "during", "tstzrange($2, NULL)"),
    ):
        await spa.as_superuser(
            f"UPDATE {table} SET {column} = {span} WHERE room_id = $1"
            f" AND coalesce(upper({column}), 'infinity') > now()",
            door.room, ended,
        )  # fmt: skip
    for _ in range(2):
        await turn(spa)
    (told,) = await spa.announced(kind="session.at-risk", key=door.session)
    assert told["bar_id"] == str(door.bar) and datetime.fromisoformat(told["at_risk_at"]) == ended
    shown = await spa.assignment(door.session)
    assert (shown["state"], shown["room_id"]) == ("at_risk", str(door.room))
    assert shown["at_risk_at"] == shown["blocked_until"]
    assert len(await spa.announced(kind="session.overran", key=door.session)) == 1


async def test_a_bar_renewed_during_an_overrun_puts_nobody_at_risk_and_a_failed_one_does(door: Door) -> None:
    await overran(door)
    assert (await door.spa.inspect(door.bar)).json()["at_risk"] == []
    assert (await door.spa.inspect(door.bar, "fail")).json()["at_risk"] == [str(door.session)]


async def test_a_finished_session_overruns_no_more(door: Door) -> None:
    await overran(door)
    (await door.spa.http.post(f"/v1/assignments/{door.session}/finish", json={"result": "complete"})).raise_for_status()
    await turn(door.spa)
    assert await door.spa.announced(kind="session.overran", key=door.session) == []
