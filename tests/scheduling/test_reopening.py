"""A closure is taken back: who still waits because of it is put back by the saga, everybody else stays as they are."""

from typing import Any

import pytest

from services.scheduling.handlers import clocks, closures, reopening
from tests.scheduling.builders import Chain, Place, assigned, blocked, cleared, iso, tomorrow, unavailable
from tests.scheduling.test_closures import close
from tests.scheduling.test_displacement import claims, now, revoked


async def reopen(chain: Chain, closure: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
    path = f"/v1/branches/{closure['branch_id']}/closures/{closure['id']}"
    query = {"dry_run": "true"} if dry_run else {}
    answer = await chain.http.delete(path, params=query, headers={"Prefer": "wait=0"})
    assert answer.status_code in (200, 202), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def outcomes(chain: Chain, closure: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/branches/{closure['branch_id']}/closures/{closure['id']}"
    return by_session(await chain.get(path))


def by_session(answer: dict[str, Any]) -> dict[str, Any]:
    return {session["appointment_id"]: (session["outcome"], session["code"]) for session in answer["sessions"]}


async def closed(chain: Chain, place: Place, *booked: dict[str, Any]) -> dict[str, Any]:
    """A closure of tomorrow morning, and room-equipment's word that the rooms are free."""
    closure = await close(chain, place, tomorrow(8), tomorrow(12))
    assert {a["id"] for a in booked} <= {session["appointment_id"] for session in closure["displaced"]}
    return closure


async def test_they_are_asked_for_again_the_room_last_and_each_outcome_is_said(chain: Chain) -> None:
    place = await chain.place(therapists=4, rooms=3)
    fine, unwell, roomless, gone = [await chain.confirmed(place, tomorrow(10)) for _ in range(4)]
    closure = await closed(chain, place, fine, unwell, roomless, gone)
    await chain.post(f"/v1/appointments/{gone['id']}/cancel", {}, 200)
    expected = {fine["id"]: ("restoring", None), unwell["id"]: ("restoring", None),
                roomless["id"]: ("restoring", None), gone["id"]: ("not_restored", "cancelled")}  # fmt: skip
    assert by_session(await reopen(chain, closure, dry_run=True)) == expected
    assert (await now(chain, fine))["status"] == "needs_attention", "taken back"
    assert by_session(await reopen(chain, closure)) == expected
    asked = {a["id"]: await now(chain, a) for a in (fine, unwell, roomless)}
    assert {(a["status"], a["starts_at"], a["attempt"]) for a in asked.values()} == {
        ("pending", iso(tomorrow(10)), 2)
    }  # fmt: skip
    assert (await chain.announced(fine["id"]))[-1] == "reschedule-requested", "screening before the room"
    await chain.hear(cleared(asked[fine["id"]]), cleared(asked[roomless["id"]]))
    await chain.hear(blocked(asked[unwell["id"]], "screening_declined"))
    await chain.hear(assigned(asked[fine["id"]], place.room_ids[2], 3))
    await chain.hear(unavailable(asked[roomless["id"]], "no_certified_room"))
    expected |= {fine["id"]: ("restored", None), unwell["id"]: ("not_restored", "screening_declined"),
                 roomless["id"]: ("not_restored", "no_certified_room")}  # fmt: skip
    assert await outcomes(chain, closure) == expected
    assert await chain.run(reopening.go_on) == 3
    assert await outcomes(chain, closure) == expected
    assert await chain.run(reopening.go_on) == 0, "once"
    back = await now(chain, fine)
    assert (back["status"], back["therapist_id"]) == ("confirmed", fine["therapist_id"])
    assert (await chain.announced(fine["id"]))[-1] == "confirmed", "it was not moved: the client is told that it holds"
    assert len(await claims(chain, fine)) == len(await claims(chain, roomless)) == 1
    items = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert {item["appointment_id"] for item in items} == {unwell["id"], roomless["id"]}
    assert (await chain.http.delete(f"/v1/branches/{place.branch_id}/closures/{closure['id']}")).status_code == 404


async def test_who_was_accepted_elsewhere_or_lost_the_room_by_itself_stays_so(chain: Chain) -> None:
    place = await chain.place(therapists=3)
    moved, broken = await chain.confirmed(place, tomorrow(10)), await chain.confirmed(place, tomorrow(11))
    await chain.hear(revoked(broken, place.room_ids[0]))
    closure = await close(chain, place, tomorrow(8), tomorrow(12))
    assert [session["appointment_id"] for session in closure["already"]] == [broken["id"]]
    await chain.run(clocks.fill_proposals)
    items = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    item = next(item for item in items if item["appointment_id"] == moved["id"])
    chosen = item["alternatives"][0]["alternative_id"]
    asked = await chain.post(f"/v1/appointments/{moved['id']}/accept-alternative", {"alternative_id": chosen}, 202,
                             Prefer="wait=0")  # fmt: skip
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 2))
    answer = await reopen(chain, closure)
    assert by_session(answer) == {moved["id"]: ("not_restored", "moved_elsewhere")}
    assert (await now(chain, moved))["starts_at"] == asked["starts_at"]
    assert (await now(chain, broken))["status"] == "needs_attention"


async def test_under_two_closures_only_the_last_to_go_gives_back(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    first = await closed(chain, place, booked)
    second = await close(chain, place, tomorrow(9), tomorrow(11))
    assert [session["appointment_id"] for session in second["already"]] == [booked["id"]]
    assert by_session(await reopen(chain, first)) == {booked["id"]: ("not_restored", "still_closed")}
    assert by_session(await reopen(chain, second)) == {booked["id"]: ("restoring", None)}
    third = await close(chain, place, tomorrow(9), tomorrow(11))  # while it is being put back
    assert [session["appointment_id"] for session in third["waiting"]] == [booked["id"]]
    asked = await now(chain, booked)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 2))
    await chain.run(closures.keep_closed)
    assert (await now(chain, booked))["status"] == "needs_attention"
    assert (await outcomes(chain, third))[booked["id"]] == ("displaced", None)


async def test_whose_therapist_is_not_there_any_more_is_not_asked_for(chain: Chain) -> None:
    place = await chain.place(therapists=1)
    booked = await chain.confirmed(place, tomorrow(10))
    closure = await closed(chain, place, booked)
    away = {"starts_at": iso(tomorrow(10)), "ends_at": iso(tomorrow(11))}
    await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/time-off", away)
    assert by_session(await reopen(chain, closure)) == {booked["id"]: ("not_restored", "therapist_unavailable")}
    assert await chain.announced(booked["id"]) == ["requested", "confirmed", "displaced"]


async def test_an_undo_that_breaks_off_goes_on_where_it_was_and_asks_nobody_twice(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await chain.place(therapists=5, rooms=5)
    booked = [await chain.confirmed(place, tomorrow(10)) for _ in range(5)]
    closure = await closed(chain, place, *booked)
    monkeypatch.setattr(reopening, "AT_ONCE", 2)
    assert {outcome for outcome, _ in by_session(await reopen(chain, closure)).values()} == {"restoring"}

    async def attempts() -> list[int]:
        return sorted([(await now(chain, a))["attempt"] for a in booked])

    assert await attempts() == [1, 1, 1, 2, 2]
    with pytest.raises(ZeroDivisionError):
        async with chain.database.transaction() as tx:
            assert await reopening.restore(tx, "closures", 2) == 2
            raise ZeroDivisionError
    assert await attempts() == [1, 1, 1, 2, 2], "the crash took back what it had done"
    while await chain.run(lambda tx: reopening.restore(tx, "closures", 2)):
        pass
    assert await attempts() == [2] * 5
    rows = await chain.sql(
        "SELECT count(*) AS n FROM outbox WHERE type LIKE '%reschedule-requested.v1' AND aggregateid = ANY(:ids)",
        ids=[a["id"] for a in booked],
    )
    assert rows[0].n == 5


async def test_a_closure_of_another_branch_is_not_there(chain: Chain) -> None:
    place, other = await chain.place(), await chain.branch()
    closure = await close(chain, place, tomorrow(8), tomorrow(12))
    assert (await chain.http.delete(f"/v1/branches/{other}/closures/{closure['id']}")).status_code == 404
    await chain.get(f"/v1/branches/{other}/closures/{closure['id']}", 404)
    assert (await chain.get(f"/v1/branches/{place.branch_id}/closures/{closure['id']}"))["ended_at"] is None
