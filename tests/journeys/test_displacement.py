"""A bar fails or is locked out: what lies under it moves, or waits for a person, and who is concerned hears of it."""

from datetime import timedelta
from typing import Any

from tests.journeys.chain import Chain, Spa, at
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole, until


async def status(spa: Spa, id: str, wanted: str) -> dict[str, Any]:
    """The appointment, once it is `wanted`."""
    found: dict[str, Any] = {}

    async def reached() -> bool:
        found.update(await spa.look(id))
        return bool(found["status"] == wanted)

    await until(reached, f"{id} is {wanted}")
    return found


async def attention(spa: Spa, kind: str = "displaced") -> list[dict[str, Any]]:
    found = await spa.chain.desk.get("scheduling", "/v1/attention", branch_id=spa.branch["id"], kind=kind)
    items: list[dict[str, Any]] = found["items"]
    return items


async def test_a_session_under_a_failed_bar_moves_to_the_other_cleared_room(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=2)
    booked = await spa.book()
    await mails_to(whole, spa.client["email"])
    lost = next(room for room in spa.rooms if room["id"] == booked["room_id"])
    kept = next(room for room in spa.rooms if room["id"] != booked["room_id"])
    said = await chain.inspect(lost["bars"][0], "fail", "periodic")
    assert said["displaced"] == [booked["id"]]
    assert [(move["appointment_id"], move["room_id"]) for move in said["moved"]] == [(booked["id"], kept["id"])]
    assert (said["revoked"], said["at_risk"], said["certificate"]) == ([], [], None)
    assert said["lockout"] is not None

    async def moved() -> bool:
        return bool((await spa.look(booked["id"]))["room_id"] == kept["id"])

    await until(moved, "scheduling knows the new room")
    found = await spa.look(booked["id"])
    assert (found["status"], found["starts_at"]) == ("confirmed", booked["starts_at"])
    mails = await mails_to(whole, spa.client["email"], 2)
    assert len({mail["subject"] for mail in mails}) == 2


async def test_a_session_that_finds_no_other_room_waits_for_a_person(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(contact_email="desk@example.com")
    booked = await spa.book()
    await mails_to(whole, spa.client["email"])
    said = await chain.inspect(spa.rooms[0]["bars"][0], "fail", "periodic")
    assert (said["displaced"], said["moved"], said["revoked"]) == ([booked["id"]], [], [booked["id"]])
    await status(spa, booked["id"], "needs_attention")
    assert [item["appointment_id"] for item in await attention(spa)] == [booked["id"]]
    kept = await whole.value(
        "scheduling", "SELECT count(*) FROM therapist_claims WHERE appointment_id = $1", booked["id"]
    )
    assert kept == 1, "the therapist's time is kept until somebody decides"
    assert len(await mails_to(whole, spa.client["email"], 2)) == 2


async def test_only_displaced_sessions_move_and_the_healthy_rooms_stay(chain: Chain) -> None:
    spa = await chain.spa(rooms=2, therapists=2)
    first, second = spa.rooms
    under = await spa.book(at(2, 9), room_id=first["id"], therapist_id=spa.therapists[0]["id"])
    rival = await spa.book(at(2, 9), room_id=second["id"], therapist_id=spa.therapists[1]["id"])
    later = await spa.book(at(2, 15), room_id=first["id"], therapist_id=spa.therapists[0]["id"])
    said = await chain.lock_out(first["bars"][0])
    assert set(said["displaced"]) == {under["id"], later["id"]}
    assert [move["appointment_id"] for move in said["moved"]] == [later["id"]]
    assert said["revoked"] == [under["id"]]
    await status(spa, under["id"], "needs_attention")
    assert (await spa.look(rival["id"]))["room_id"] == second["id"]


async def test_a_session_that_may_not_change_its_room_is_not_moved(chain: Chain) -> None:
    spa = await chain.spa(rooms=2)
    booked = await spa.book(room_flexible=False, room_id=spa.rooms[0]["id"])
    said = await chain.lock_out(spa.rooms[0]["bars"][0])
    assert (said["moved"], said["revoked"]) == ([], [booked["id"]])
    await status(spa, booked["id"], "needs_attention")


async def test_what_a_lock_out_would_do_can_be_asked_without_doing_it(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    before = await whole.row_counts()
    body = {"reason": "what if", "note": ""}
    path = f"/v1/bars/{spa.rooms[0]['bars'][0]['id']}/lockouts"
    answer = await chain.desk.send("POST", "room_equipment", path, body, params={"dry_run": "true"})
    assert answer.status_code in (200, 201), answer.text
    assert answer.json()["revoked"] == [booked["id"]]
    assert (await spa.look(booked["id"]))["status"] == "confirmed"
    after = await whole.row_counts()
    assert {table for table in after if after[table] != before[table]} <= {
        "notification.messages",
        "notification.outbox",
    }


async def test_a_proposal_accepted_ends_the_wait(chain: Chain) -> None:
    spa = await chain.spa(rooms=1)
    booked = await spa.book()
    await chain.lock_out(spa.rooms[0]["bars"][0])
    await status(spa, booked["id"], "needs_attention")
    other = await chain.room(spa.branch)

    async def filled() -> Any:
        items = await attention(spa)
        return items and items[0]["alternatives"] is not None

    await until(filled, "alternatives are computed")
    path = f"/v1/appointments/{booked['id']}/accept-alternative"
    stale = await chain.desk.post("scheduling", path, {"alternative_id": booked["id"]})
    assert stale.status_code == 409

    async def fresh() -> Any:
        answer = await chain.desk.post("scheduling", path, {"alternative_id": booked["id"]})
        return answer.json()["alternatives"]

    alternatives = await until(fresh, "the new room is proposed")
    body = {"alternative_id": alternatives[0]["alternative_id"]}
    answer = await chain.desk.post("scheduling", path, body, headers={"Prefer": "wait=15"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["room_id"]) == ("confirmed", other["id"])
    assert await attention(spa) == []


async def test_a_new_bar_in_a_cleared_room_ends_its_clearance(chain: Chain) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    await chain.bar(spa.rooms[0], inspected=False)
    await status(spa, booked["id"], "needs_attention")


async def test_a_room_is_bookable_again_after_repair_and_inspection_by_another_person(chain: Chain) -> None:
    spa = await chain.spa()
    bar = spa.rooms[0]["bars"][0]
    await chain.lock_out(bar)
    assert (await spa.ask(at(3))).json()["code"] == "no_certified_room"
    again = {"kind": "after_event"}
    early = await chain.inspector.post(
        "room_equipment", f"/v1/bars/{bar['id']}/inspections", chain.report(bar, **again)
    )
    assert (early.status_code, early.json()["code"]) == (409, "work_order_open")
    await chain.repair(bar, "Repair & Co", "WELD-1")
    own = chain.report(bar, **again, credential="weld 1")
    refused = await chain.inspector.post("room_equipment", f"/v1/bars/{bar['id']}/inspections", own)
    assert (refused.status_code, refused.json()["code"]) == (409, "inspector_is_repairer")
    same = await chain.desk.post("room_equipment", f"/v1/bars/{bar['id']}/inspections", chain.report(bar, **again))
    assert (same.status_code, same.json()["code"]) == (409, "inspector_is_repairer"), "the sign-in that repaired"
    passed = await chain.inspect(bar, kind="after_event")
    assert passed["certificate"] is not None

    async def confirmed() -> bool:
        return (await spa.ask(at(3))).status_code == 201

    await until(confirmed, "the room is bookable again")


async def test_a_room_taken_out_of_service_displaces_what_lies_in_it(chain: Chain) -> None:
    spa = await chain.spa(rooms=2)
    booked = await spa.book(room_id=spa.rooms[0]["id"])
    found = await chain.desk.send("GET", "room_equipment", f"/v1/rooms/{spa.rooms[0]['id']}")
    answer = await chain.desk.send(
        "PATCH", "room_equipment", f"/v1/rooms/{spa.rooms[0]['id']}", {"in_service": False},
        headers={"If-Match": found.headers["etag"]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text

    async def moved() -> bool:
        return bool((await spa.look(booked["id"]))["room_id"] == spa.rooms[1]["id"])

    await until(moved, "the session moved")


async def test_many_sessions_are_moved_or_put_to_a_person_together(chain: Chain) -> None:
    """Twelve under one bar, six hours of the other room free at their times."""
    spa = await chain.spa(rooms=1, therapists=2)
    under = [await spa.book(at(2, 0) + timedelta(minutes=75 * i), room_id=spa.rooms[0]["id"]) for i in range(12)]
    spare = await chain.room(spa.branch)
    for i in range(0, 12, 2):
        await spa.book(at(2, 0) + timedelta(minutes=75 * i), room_id=spare["id"])
    said = await chain.lock_out(spa.rooms[0]["bars"][0])
    assert set(said["displaced"]) == {one["id"] for one in under}
    assert {move["appointment_id"] for move in said["moved"]} == {under[i]["id"] for i in range(1, 12, 2)}
    assert set(said["revoked"]) == {under[i]["id"] for i in range(0, 12, 2)}
    for i, one in enumerate(under):
        await status(spa, one["id"], "confirmed" if i % 2 else "needs_attention")
