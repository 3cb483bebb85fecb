"""A branch closes for a day and opens again: through every service, from the booking to the mails."""

from datetime import timedelta

from tests.journeys.chain import Chain, at
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole, until
from tests.journeys.test_displacement import attention


async def test_a_closed_branch_displaces_and_opened_again_puts_back_with_room_and_mails(
    chain: Chain, whole: Whole
) -> None:
    spa = await chain.spa(rooms=2, therapists=2, contact_email="desk@example.com")
    kept = await spa.book(at(3, 9))
    gone = await spa.book(at(3, 9), client_id=(await chain.client(spa.branch))["id"])
    await mails_to(whole, spa.client["email"])
    path = f"/v1/branches/{spa.branch['id']}/closures"
    body = {"starts_at": at(3, 8).isoformat(), "ends_at": at(3, 12).isoformat(), "reason": "no water"}
    said = (await chain.desk.post("scheduling", f"{path}?dry_run=true", body)).json()
    closure = await chain.desk.made("scheduling", path, body)
    assert closure["displaced"] == said["displaced"]
    assert {session["appointment_id"] for session in closure["displaced"]} == {kept["id"], gone["id"]}
    assert {(item["kind"], item["reason"]) for item in await attention(spa)} == {("displaced", "branch_closed")}
    await mails_to(whole, spa.client["email"], 2)

    async def rooms_are_free() -> bool:
        count = "SELECT count(*) FROM assignments WHERE branch_id = $1"
        return bool(await whole.value("room_equipment", count, spa.branch["id"]) == 0)

    await until(rooms_are_free, "room-equipment let go of both rooms")
    refused = await spa.ask(at(3, 10))
    assert (refused.status_code, refused.json()["code"]) == (409, "outside_opening_hours")
    await chain.desk.post("scheduling", f"/v1/appointments/{gone['id']}/cancel", {"reason": "branch"})
    answer = await chain.desk.send(
        "DELETE", "scheduling", f"{path}/{closure['id']}", headers={"Prefer": "wait=15"}
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    outcomes = {
        session["appointment_id"]: (session["outcome"], session["code"]) for session in answer.json()["sessions"]
    }
    assert outcomes == {kept["id"]: ("restored", None), gone["id"]: ("not_restored", "cancelled")}
    back = await spa.look(kept["id"])
    assert (back["status"], back["starts_at"], back["therapist_id"]) == (
        "confirmed", kept["starts_at"], kept["therapist_id"]
    )  # fmt: skip
    there = await whole.value(
        "room_equipment", "SELECT room_id FROM assignments WHERE appointment_id = $1", kept["id"]
    )  # fmt: skip
    assert str(there) == back["room_id"]
    assert await attention(spa) == []
    subjects = [mail["subject"] for mail in await mails_to(whole, spa.client["email"], 3)]
    assert subjects[0] == subjects[2], "the last mail confirms it again, in the words of the first"
    assert (await spa.book(at(3, 9) + timedelta(hours=2)))["status"] == "confirmed"
