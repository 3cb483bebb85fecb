"""Load profiles: written, never read back; a heavier one displaces, an old one proves nothing."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.room_equipment.jobs import turn_stale
from tests.room_equipment.door import Door
from tests.room_equipment.spa import Spa, soon

SECRET = ("67.7", "135.4", "71.3", "142.6")  # two masses and their loads
LISTS = {"state", "valid_until", "displaced", "moved", "revoked", "at_risk", "optimal"}


async def test_a_heavier_profile_displaces_what_no_longer_fits_and_says_which(spa: Spa) -> None:
    weak, _ = await spa.cleared_room(130, code="weak")
    strong, _ = await spa.cleared_room(300, code="strong")
    moves, stays = await spa.book(soon(1), room_id=weak), await spa.book(soon(2), room_id=strong)
    blocked = await spa.book(soon(3), room_id=weak)
    await spa.book(soon(3), room_id=strong, therapist_id=await spa.therapist())
    answer = await spa.measured(spa.therapist_id, 70)
    assert set(answer) == LISTS and answer["state"] == "valid"
    assert sorted(answer["displaced"]) == sorted([str(moves), str(blocked)])
    assert answer["moved"] == [{"appointment_id": str(moves), "room_id": str(strong)}]
    assert answer["revoked"] == [str(blocked)]
    assert (await spa.assignment(stays))["room_id"] == str(strong)
    changed = (await spa.announced(kind="load-profile.changed", key=spa.therapist_id))[-1]
    assert set(changed) == {"type", "therapist_id", "version", "state"}


async def test_a_lighter_profile_displaces_nothing(spa: Spa) -> None:
    room, _ = await spa.cleared_room(130)
    session = await spa.book(soon(1), room_id=room)
    assert (await spa.measured(spa.therapist_id, 50))["displaced"] == []
    assert (await spa.assignment(session))["room_id"] == str(room)


async def test_a_session_that_runs_under_bars_too_weak_for_the_new_measurement_is_at_risk(door: Door) -> None:
    spa = door.spa
    body, head = {"rated_load_kg": 130}, {"If-Match": "*"}
    (await spa.http.patch(f"/v1/bars/{door.bar}", json=body, headers=head)).raise_for_status()
    (await door.start()).raise_for_status()
    answer = await spa.measured(door.therapist, 70)
    assert answer["at_risk"] == [str(door.session)] and answer["displaced"] == []
    (told,) = await spa.announced(kind="session.at-risk", key=door.session)
    assert told["bar_id"] is None
    assert (await spa.measured(door.therapist, 71))["at_risk"] == []  # said once


async def test_sessions_in_branches_the_caller_does_not_see_are_displaced_and_not_named(spa: Spa) -> None:
    other = await Spa(spa.app, spa.mint, spa.database).open()
    room, _ = await other.cleared_room(130)
    session = await other.book(soon(1), room_id=room, therapist_id=spa.therapist_id)
    http = spa.signed_in("rooms:load-profile", branches=[spa.branch_id])
    body = {"mass_kg": 90, "measured_on": datetime.now(UTC).date().isoformat()}
    answer = await http.put(f"/v1/load-profiles/{spa.therapist_id}", json=body)
    assert answer.status_code == 200 and answer.json()["displaced"] == [] == answer.json()["revoked"]
    assert (await other.assignment(session))["state"] == "revoked"


async def test_sessions_already_assigned_keep_their_load_when_the_profile_grows_old_but_do_not_start(
    door: Door,
) -> None:
    spa = door.spa
    later = await spa.book(soon(1), room_id=door.room)
    await spa.as_superuser(
        "UPDATE load_profiles SET valid_until = $2 WHERE therapist_id = $1", door.therapist, soon(-3).date()
    )
    async with spa.app.state.database.transaction() as tx:
        await turn_stale(tx)
    assert (await spa.assignment(later))["state"] == "assigned"  # measured again in time, it goes ahead
    (named,) = await spa.hear(spa.request(soon(2), room_id=door.room))
    assert named["code"] == "load_profile_required"
    await door.refused("load_profile_required")
    await spa.measured(door.therapist, 60)
    assert (await door.start()).status_code == 200


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "UTC"])
async def test_a_profile_is_stale_when_its_last_day_is_over_where_the_therapist_works(
    app: Any, mint: Any, rooms_database: Any, zone: str
) -> None:
    spa = await Spa(app, mint, rooms_database).open(zone)
    (row,) = await spa.sql("SELECT (clock_timestamp() AT TIME ZONE $1)::date AS today", zone)
    for valid_until, state in ((row["today"], "valid"), (row["today"] - timedelta(days=1), "stale")):
        await spa.as_superuser(
            "UPDATE load_profiles SET valid_until = $2 WHERE therapist_id = $1", spa.therapist_id, valid_until
        )
        async with spa.app.state.database.transaction() as tx:
            await turn_stale(tx)
        assert (await spa.http.get(f"/v1/load-profiles/{spa.therapist_id}")).json()["state"] == state


async def test_no_number_of_it_is_in_any_answer_event_or_log(
    door: Door, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    spa, said = door.spa, []
    caplog.set_level(logging.DEBUG)
    weak, bar = await spa.cleared_room(140)
    for mass in (67.7, 71.3):
        answer = await spa.http.put(
            f"/v1/load-profiles/{door.therapist}",
            json={"mass_kg": mass, "measured_on": datetime.now(UTC).date().isoformat()},
        )
        said.append(answer.text)
        wish = spa.request(soon(2), room_id=weak)
        said += [str(event) for event in await spa.hear(wish)]
    said.append((await door.start()).text)
    said += [str(event) for event in await spa.announced()]
    for path in (
        f"/v1/load-profiles/{door.therapist}", f"/v1/assignments/{door.session}", "/v1/assignments?limit=200",
        f"/v1/assignments/{door.session}/evidence", f"/v1/rooms/{weak}/clearance", f"/v1/bars/{bar}",
        "/v1/rooms?limit=200", f"/v1/bars/{door.bar}/inspections", f"/v1/bars/{bar}/lockouts",
    ):  # fmt: skip
        answer = await spa.http.get(path)
        assert answer.status_code == 200, path
        said.append(answer.text)
    refused = await spa.http.post(
        "/v1/assignments",
        json={"appointment_id": str(door.room), "branch_id": str(spa.branch_id), "treatment_id": str(spa.bar_treatment),
              "therapist_id": str(door.therapist), "starts_at": soon(5).isoformat(), "room_id": str(weak)},
    )  # fmt: skip
    assert refused.json()["code"] == "load_rating_exceeded"
    said += [refused.text, caplog.text, *capsys.readouterr()]
    audit = await spa.sql("SELECT t::text AS line FROM audit_log t")
    said += [row["line"] for row in audit]
    assert not [(number, text) for text in said for number in SECRET if number in text]
