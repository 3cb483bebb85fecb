"""Every code with which a session is rejected, over HTTP: what is refused is kept, and holds nothing."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.journeys.chain import Chain, Spa, at, today
from tests.journeys.system import Whole, until


async def refused(spa: Spa, whole: Whole, answer: httpx.Response, code: str) -> dict[str, Any]:
    """The problem, after checking that it is one, that it is on record, and that nothing is held for it."""
    assert answer.status_code == 409, answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert isinstance(problem["alternatives"], list)
    id = problem["appointment_id"]
    kept = await spa.look(id)
    assert (kept["status"], kept["code"]) == ("rejected", code)
    await until(lambda: _nothing_held(whole, id), f"nothing is held for the rejected {code}")
    return problem


async def _nothing_held(whole: Whole, id: str) -> bool:
    claims = await whole.value("scheduling", "SELECT count(*) FROM therapist_claims WHERE appointment_id = $1", id)
    rooms = await whole.value("room_equipment", "SELECT count(*) FROM assignments WHERE appointment_id = $1", id)
    return not claims and not rooms


async def test_the_named_therapists_time_is_taken(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=2)
    await spa.book(therapist_id=spa.therapists[0]["id"])
    answer = await spa.ask(at() + timedelta(minutes=30), therapist_id=spa.therapists[0]["id"])
    problem = await refused(spa, whole, answer, "slot_taken")
    assert problem["alternatives"], "the room and she are free at other times of the day"


async def test_the_named_room_is_taken(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=2, therapists=2)
    await spa.book(room_id=spa.rooms[1]["id"])
    await refused(spa, whole, await spa.ask(room_id=spa.rooms[1]["id"]), "slot_taken")


async def test_nobody_is_on_shift(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(therapists=0)
    resting = await chain.therapist(spa.branch, shift=False)
    await refused(spa, whole, await spa.ask(), "therapist_unavailable")
    await refused(spa, whole, await spa.ask(therapist_id=resting["id"]), "therapist_unavailable")


async def test_the_therapist_has_time_off(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa()
    body = {"starts_at": at(2, 9).isoformat(), "ends_at": at(2, 12).isoformat(), "reason": "dentist"}
    await chain.desk.made("scheduling", f"/v1/therapists/{spa.therapists[0]['id']}/time-off", body)
    await refused(spa, whole, await spa.ask(at(2, 10)), "therapist_unavailable")
    await spa.book(at(2, 12))


async def test_all_therapists_are_taken_and_none_was_named(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=2)
    await spa.book()
    await refused(spa, whole, await spa.ask(), "therapist_unavailable")


async def test_the_certificate_ends_before_the_session(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(therapists=0)
    lapsing = await chain.therapist(spa.branch, certified=today() + timedelta(days=2))
    await refused(spa, whole, await spa.ask(at(9), therapist_id=lapsing["id"]), "therapist_not_certified")
    await refused(spa, whole, await spa.ask(at(9)), "therapist_not_certified")


async def test_every_room_is_taken(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(therapists=2)
    await spa.book()
    await refused(spa, whole, await spa.ask(), "no_room_available")


async def test_no_room_of_the_branch_is_cleared(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=0)
    await chain.room(spa.branch, inspected=False)
    await refused(spa, whole, await spa.ask(), "no_certified_room")


@pytest.mark.parametrize("why", ["never_inspected", "no_bar", "too_few_bars", "failed", "locked_out"])
async def test_the_named_room_is_not_cleared_and_the_answer_says_why(chain: Chain, whole: Whole, why: str) -> None:
    """The branch has another room, cleared and free: a named room is never swapped for it."""
    spa = await chain.spa(rooms=1)
    bars = {"no_bar": 0, "too_few_bars": 1}.get(why, 1)
    room = await chain.room(
        spa.branch, bars=bars, inspected=why != "never_inspected", bars_required=2 if why == "too_few_bars" else 1
    )
    if why == "failed":
        await chain.inspect(room["bars"][0], "fail", "periodic")
    if why == "locked_out":
        await chain.lock_out(room["bars"][0])
    problem = await refused(spa, whole, await spa.ask(room_id=room["id"]), "room_not_certified")
    assert problem["reason"] == why
    assert datetime.fromisoformat(problem["gap_at"]) == at()


async def test_the_named_rooms_certificate_lapses_before_the_session_and_its_turnover_end(
    chain: Chain, whole: Whole
) -> None:
    """Valid through a local day: a session whose turnover reaches past midnight is not covered to its very end."""
    spa = await chain.spa(rooms=0)
    last_day = today() + timedelta(days=5)
    room = await chain.room(spa.branch, inspected=False)
    await chain.inspect(room["bars"][0], valid_until=last_day.isoformat())
    zone = ZoneInfo(spa.branch["timezone"])
    midnight = datetime(last_day.year, last_day.month, last_day.day, tzinfo=zone) + timedelta(days=1)
    fits = midnight - timedelta(minutes=75)
    problem = await refused(
        spa, whole, await spa.ask(fits + timedelta(minutes=1), room_id=room["id"]), "room_not_certified"
    )
    assert problem["reason"] == "lapsed"
    assert datetime.fromisoformat(problem["gap_at"]) == midnight
    await spa.book(fits, room_id=room["id"])


async def test_the_bars_do_not_carry_the_named_therapist(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=0, therapists=0)
    await chain.room(spa.branch, rated_load_kg=150)
    heavy = await chain.therapist(spa.branch, mass_kg=80)
    answer = await spa.ask(therapist_id=heavy["id"])
    problem = await refused(spa, whole, answer, "load_rating_exceeded")
    assert not any(number in answer.text.replace(problem["appointment_id"], "") for number in ("80.0", "160", "150"))


async def test_the_named_therapist_has_no_load_profile(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(therapists=0)
    unknown = await chain.therapist(spa.branch, mass_kg=None)
    await refused(spa, whole, await spa.ask(therapist_id=unknown["id"]), "load_profile_required")


@pytest.mark.parametrize(
    ("says", "code"),
    [
        (None, "screening_required"),
        ("unsure", "screening_required"),
        ("declined", "screening_declined"),
        ("deferred", "screening_deferred"),
        ("clearance_required", "clearance_required"),
    ],
)
async def test_screening_does_not_allow_it(chain: Chain, whole: Whole, says: str | None, code: str) -> None:
    spa = await chain.spa()
    spa.client = await chain.client(spa.branch, screened=says)
    answer = await spa.ask(at(1))
    await refused(spa, whole, answer, code)
    assert not {"osteoporosis", "epilepsy", "eye_surgery", "deferred_until"} & set(answer.text.split('"'))


async def test_a_professionals_letter_allows_what_needed_one_until_it_ends(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa()
    spa.client = await chain.client(spa.branch, screened="clearance_required")
    letter = {
        "professional": {"name": "Dr. Berg", "role": "physician", "registration": "B-1"},
        "verdict": "no_limits",
        "issued_on": today().isoformat(),
        "valid_until": (today() + timedelta(days=10)).isoformat(),
    }
    await chain.desk.made("screening", f"/v1/screenings/{spa.client['screening']['id']}/clearances", letter)
    await spa.book(at(3))
    await refused(spa, whole, await spa.ask(at(12)), "clearance_expires_before_session")


async def test_a_letter_does_not_turn_a_decline_into_a_yes(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa()
    spa.client = await chain.client(spa.branch, screened="declined")
    letter = {
        "professional": {"name": "Dr. Berg", "role": "physician"},
        "verdict": "no_limits",
        "issued_on": today().isoformat(),
    }
    await chain.desk.post("screening", f"/v1/screenings/{spa.client['screening']['id']}/clearances", letter)
    await refused(spa, whole, await spa.ask(), "screening_declined")


async def test_standing_answers_end_after_a_year(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(bar=False, therapists=0)
    await chain.therapist(spa.branch, certified=today() + timedelta(days=500))
    spa.treatment = await chain.treatment(bar=False, screened=True, screening_protocol="massage")
    await chain.screen(spa.client, "massage")
    await spa.book(at(20))
    await refused(spa, whole, await spa.ask(at(380)), "screening_required")


async def test_the_branch_is_closed_then(chain: Chain, whole: Whole) -> None:
    hours = {day: [["10:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    spa = await chain.spa(hours=hours, timezone="Asia/Shanghai")
    day = today() + timedelta(days=3)
    for hour, minute in ((9, 59), (17, 1), (3, 0)):
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))
        await refused(spa, whole, await spa.ask(local), "outside_opening_hours")
    await spa.book(datetime(day.year, day.month, day.day, 17, 0, tzinfo=ZoneInfo("Asia/Shanghai")))


async def test_the_branch_has_a_closure_then(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa()
    body = {"starts_at": at(2, 9).isoformat(), "ends_at": at(2, 12).isoformat(), "reason": "boiler"}
    await chain.desk.made("scheduling", f"/v1/branches/{spa.branch['id']}/closures", body)
    await refused(spa, whole, await spa.ask(at(2, 10)), "outside_opening_hours")


def next_change(zone: str, forward: bool) -> datetime:
    """The next change of a zone's clock, as the last whole local hour before it (naive)."""
    hour = datetime.now(ZoneInfo("UTC")).replace(minute=0, second=0, microsecond=0)
    while True:
        now, then = (moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in (hour, hour + timedelta(hours=1)))
        assert now is not None
        assert then is not None
        if now != then and (then > now) == forward:
            return hour.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        hour += timedelta(hours=1)


async def test_a_local_time_in_the_spring_gap_does_not_exist(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(timezone="Europe/Berlin")
    skipped = next_change("Europe/Berlin", forward=True) + timedelta(hours=1, minutes=30)
    answer = await spa.ask_local(skipped)
    await refused(spa, whole, answer, "nonexistent_local_time")


async def test_a_local_time_that_comes_twice_is_answered_with_both(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(timezone="America/New_York")
    twice = next_change("America/New_York", forward=False) + timedelta(minutes=30)
    answer = await spa.ask_local(twice)
    problem = await refused(spa, whole, answer, "ambiguous_local_time")
    starts = {slot["starts_at"] if isinstance(slot, dict) else slot for slot in problem["alternatives"]}
    offered = sorted(datetime.fromisoformat(start) for start in starts)
    assert offered[1] - offered[0] == timedelta(hours=1)
    assert {start.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None) for start in offered} == {twice}


async def test_nobody_answers_in_time(chain: Chain, whole: Whole) -> None:
    """With a deadline of 1 s, and screening stopped in mid-step; its answer comes after all and changes nothing."""
    spa = await chain.spa()
    async with whole.with_settings("scheduling", {"CAIBEI_SCHEDULING_ANSWER_SECONDS": "1"}):
        async with whole.frozen("screening"):
            answer = await spa.ask(wait=20)
            problem = await refused(spa, whole, answer, "timed_out")
        id = problem["appointment_id"]
        answered = "SELECT count(*) FROM outbox WHERE aggregateid = $1 AND published_at IS NOT NULL"
        await until(lambda: whole.value("screening", answered, id), "screening answered too late")
        assert (await spa.look(id))["status"] == "rejected"
        await spa.book()
