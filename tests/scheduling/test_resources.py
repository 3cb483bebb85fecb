"""Branches, treatments, therapists, shifts and clients over HTTP."""

import asyncio
import base64
import json
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.handlers import people
from shared.kit.auth import Principal
from shared.kit.ids import new_id
from tests.scheduling.builders import ALWAYS, Chain, assigned, cleared, iso, somebody_waits, tomorrow


async def announced(chain: Chain, id: str) -> list[str]:
    rows = await chain.sql("SELECT type FROM outbox WHERE aggregateid = :id ORDER BY seq", id=id)
    return [row.type.removeprefix("caibei.scheduling.").removesuffix(".v1") for row in rows]


async def change(chain: Chain, path: str, body: dict[str, Any], etag: str | None, expected: int = 200) -> Any:
    answer = await chain.http.patch(path, json=body, headers={} if etag is None else {"If-Match": etag})
    assert answer.status_code == expected, answer.text
    return answer.json()


async def test_a_branch_is_made_read_changed_and_announced(chain: Chain) -> None:
    code = f"mitte-{new_id().hex[-8:]}"
    body = {"code": code, "name": "Mitte", "timezone": "Europe/Berlin", "locale": "de", "phone": "+49 30 1234",
            "opening_hours": {"mon": [["10:00", "22:00"]]}, "contact_email": "mitte@example.test"}  # fmt: skip
    made = await chain.post("/v1/branches", body)
    assert made | body == made
    path = f"/v1/branches/{made['id']}"
    changed = await change(chain, path, {"opening_hours": ALWAYS, "phone": None}, '"1"')
    assert (changed["version"], changed["phone"], changed["opening_hours"]) == (2, None, ALWAYS)
    assert (changed.pop("conflicts"), changed.pop("dry_run")) == ([], False)
    assert await chain.get(path) == changed
    assert (await chain.get("/v1/branches", code=code))["items"] == [changed]
    assert await announced(chain, made["id"]) == ["branch.registered", "branch.changed"]


async def test_an_update_needs_the_version_it_was_made_from(chain: Chain) -> None:
    path = f"/v1/branches/{await chain.branch()}"
    assert (await change(chain, path, {"name": "A"}, None, 428))["code"] == "if_match_required"
    await change(chain, path, {"name": "A"}, '"1"')
    assert (await change(chain, path, {"name": "B"}, '"1"', 412))["code"] == "version_mismatch"
    assert (await chain.get(path))["name"] == "A"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/branches", {"timezone": "Mars/Olympus"}, "unknown_timezone"),
        ("/v1/branches", {"opening_hours": {"mon": [["9", "10:00"]]}}, "invalid_opening_hours"),
        ("/v1/branches", {"opening_hours": {"xyz": []}}, "invalid_opening_hours"),
        ("/v1/branches", {"name": ""}, "invalid_input"),
        ("/v1/branches", {"contact_email": "not an address"}, "invalid_input"),
        ("/v1/branches", {"contact_email": "a@b.test\r\nBcc: x@y.test"}, "invalid_input"),
        ("/v1/branches", {"colour": "red"}, "invalid_input"),
    ],
)
async def test_a_branch_that_cannot_be_is_refused(chain: Chain, path: str, body: dict[str, Any], code: str) -> None:
    good = {"code": f"b-{new_id().hex[-8:]}", "name": "B", "timezone": "Etc/UTC", "opening_hours": ALWAYS}
    assert (await chain.post(path, good | body, 422))["code"] == code


async def test_a_code_is_given_once(chain: Chain) -> None:
    body = {"code": f"b-{new_id().hex[-8:]}", "name": "B", "timezone": "Etc/UTC", "opening_hours": ALWAYS}
    await chain.post("/v1/branches", body)
    assert (await chain.post("/v1/branches", body, 409))["code"] == "code_taken"
    other = await chain.branch()
    assert (await change(chain, f"/v1/branches/{other}", {"code": body["code"]}, '"1"', 409))["code"] == "code_taken"


async def test_a_caller_of_single_branches_opens_no_new_one(chain: Chain) -> None:
    someone = chain.mint.bearer("scheduling:write", branches=[await chain.branch()])
    body = {"code": f"b-{new_id().hex[-8:]}", "name": "B", "timezone": "Etc/UTC", "opening_hours": ALWAYS}
    answer = await chain.http.post("/v1/branches", json=body, headers=someone)
    assert (answer.status_code, answer.json()["code"]) == (403, "all_branches_needed")


async def test_reading_and_writing_need_their_scopes(chain: Chain) -> None:
    reader, writer = chain.mint.bearer("scheduling:read"), chain.mint.bearer("scheduling:write")
    assert (await chain.http.get("/v1/clients", headers=writer)).status_code == 403
    assert (await chain.http.post("/v1/clients", json={}, headers=reader)).status_code == 403
    assert (await chain.http.get("/v1/clients", headers={"Authorization": ""})).status_code == 401


async def test_a_changed_treatment_concerns_new_bookings_only(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    path = f"/v1/treatments/{place.treatment_id}"
    changed = await change(chain, path, {"duration_minutes": 90, "requires": {"skill": None}}, '"1"')
    assert changed["requires"] == {"skill": None, "equipment": ["balancing_bar"]}  # a merge patch: not named, not lost
    assert (await chain.get(f"/v1/appointments/{booked['id']}"))["ends_at"] == booked["ends_at"]
    longer = await chain.request(place, tomorrow(14))
    assert longer["ends_at"] == iso(tomorrow(15, 30))
    assert await announced(chain, place.treatment_id) == ["treatment.registered", "treatment.changed"]


async def test_a_treatment_given_on_bars_never_becomes_one_without(chain: Chain) -> None:
    path = f"/v1/treatments/{await chain.treatment()}"
    assert (await change(chain, path, {"requires": {"equipment": []}}, '"1"', 409))["code"] == "bar_required"
    assert (await chain.get(path))["requires"]["equipment"] == ["balancing_bar"]


async def test_a_caller_of_single_branches_changes_no_treatment_of_the_chain(chain: Chain) -> None:
    path = f"/v1/treatments/{await chain.treatment(bar=False)}"
    someone = chain.mint.bearer("scheduling:write", branches=[await chain.branch()])
    patched = await chain.http.patch(path, json={"duration_minutes": 5}, headers=someone | {"If-Match": '"1"'})
    body = {"code": f"t-{new_id().hex[-12:]}", "name": "T", "duration_minutes": 60}
    for answer in (patched, await chain.http.post("/v1/treatments", json=body, headers=someone)):
        assert (answer.status_code, answer.json()["code"]) == (403, "all_branches_needed")


async def test_the_kept_answer_of_a_cancellation_goes_with_its_client(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10), notes="sore-left-knee")
    await chain.post(f"/v1/appointments/{booked['id']}/cancel", {}, 200, **{"Idempotency-Key": "cancel-knee"})
    kept = "SELECT 1 FROM idempotency_keys WHERE position(convert_to('sore-left-knee', 'UTF8') IN body) > 0"
    assert len(await chain.sql(kept)) == 1
    assert (await chain.http.delete(f"/v1/clients/{place.client_id}")).status_code == 204
    assert await chain.sql(kept) == []


async def test_a_therapist_moves_between_branches_and_loses_what_is_not_hers(chain: Chain) -> None:
    here, there = await chain.place(therapists=0), await chain.place(therapists=0)
    therapist = await chain.therapist(here.branch_id, there.branch_id)
    await change(chain, f"/v1/therapists/{therapist}", {"branch_ids": [there.branch_id], "skills": []}, '"1"')
    problem = await chain.post("/v1/appointments", here.wish(tomorrow(10), therapist_id=therapist), 409)
    assert problem["code"] == "therapist_unavailable"
    problem = await chain.post("/v1/appointments", there.wish(tomorrow(10), therapist_id=therapist), 409)
    assert problem["code"] == "therapist_not_certified"
    assert await announced(chain, therapist) == ["therapist.registered", "therapist.changed"]


async def test_an_inactive_therapist_is_nobodys_choice(chain: Chain) -> None:
    place = await chain.place()
    await change(chain, f"/v1/therapists/{place.therapist_ids[0]}", {"active": False}, '"1"')
    assert (await chain.post("/v1/appointments", place.wish(tomorrow(10)), 409))["code"] == "therapist_unavailable"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"repeat": "FREQ=HOURLY"}, "invalid_repeat"),
        ({"repeat": "FREQ=DAILY;INTERVAL=0"}, "invalid_repeat"),
        ({"repeat": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31"}, "invalid_repeat"),
        ({"repeat": "FREQ=MONTHLY;BYMONTHDAY=31"}, "invalid_repeat"),
        ({"repeat": "FREQ=WEEKLY;BYDAY=2MO"}, "invalid_repeat"),
        ({"repeat": "INTERVAL=2"}, "invalid_repeat"),
        ({"repeat": "every day"}, "invalid_repeat"),
        ({"repeat": "FREQ=DAILY\nRRULE:FREQ=WEEKLY"}, "invalid_repeat"),
        ({"ends_at": iso(tomorrow(9))}, "invalid_interval"),
        ({"ends_at": iso(tomorrow(10, days=2))}, "invalid_interval"),
        ({"branch_id": str(new_id())}, "unknown_branch"),
        ({"starts_at": "2030-01-01T09:00:00"}, "invalid_input"),
    ],
)
async def test_a_shift_that_cannot_be_is_refused(chain: Chain, change: dict[str, Any], code: str) -> None:
    place = await chain.place()
    shift = {"branch_id": place.branch_id, "starts_at": iso(tomorrow(9)), "ends_at": iso(tomorrow(17))}
    problem = await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/shifts", shift | change, 422)
    assert problem["code"] == code


async def test_a_removed_shift_and_time_off_count_no_more(chain: Chain) -> None:
    place = await chain.place()
    path = f"/v1/therapists/{place.therapist_ids[0]}"
    away = await chain.post(f"{path}/time-off", {"starts_at": iso(tomorrow(9)), "ends_at": iso(tomorrow(12))})
    assert [item["id"] for item in (await chain.get(f"{path}/time-off"))["items"]] == [away["id"]]
    await chain.post("/v1/appointments", place.wish(tomorrow(10)), 409)
    assert (await chain.http.delete(f"{path}/time-off/{away['id']}")).status_code == 204
    await chain.request(place, tomorrow(10))
    [shift] = (await chain.get(f"{path}/shifts"))["items"]
    assert (await chain.http.delete(f"{path}/shifts/{shift['id']}")).status_code == 204
    assert (await chain.http.delete(f"{path}/shifts/{shift['id']}")).status_code == 404
    await chain.post("/v1/appointments", place.wish(tomorrow(14)), 409)


async def test_a_closure_is_listed_and_taken_back(chain: Chain) -> None:
    place = await chain.place()
    path = f"/v1/branches/{place.branch_id}/closures"
    closure = await chain.post(path, {"starts_at": iso(tomorrow(9)), "ends_at": iso(tomorrow(12)), "reason": "paint"})
    [listed] = (await chain.get(path))["items"]
    assert listed == {name: value for name, value in closure.items() if not isinstance(value, list)}
    assert (await chain.get(path, **{"from": iso(tomorrow(12))}))["items"] == []
    assert (await chain.http.delete(f"{path}/{closure['id']}")).status_code == 200
    assert (await chain.get(path))["items"] == []
    assert (await chain.get(f"{path}/{closure['id']}"))["ended_at"] is not None
    await chain.request(place, tomorrow(10))


async def test_lists_are_paged_and_stable(chain: Chain) -> None:
    branch = await chain.branch()
    made = [await chain.client(branch) for _ in range(5)]
    reader = chain.mint.bearer("scheduling:read", branches=[branch])
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await chain.http.get("/v1/clients", params={"limit": 2, **cursor}, headers=reader)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == made


async def test_an_erased_client_is_gone_everywhere_and_what_was_to_come_is_cancelled(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    booked = await chain.confirmed(place, tomorrow(10), notes="allergic to lavender")
    asked = await chain.request(place, tomorrow(14))
    assert (await chain.http.delete(f"/v1/clients/{place.client_id}")).status_code == 204
    assert (await chain.http.get(f"/v1/clients/{place.client_id}")).status_code == 404
    for appointment in (booked, asked):
        ended = await chain.get(f"/v1/appointments/{appointment['id']}")
        assert (ended["status"], ended["cancel_reason"], ended["notes"]) == ("cancelled", "erased", None)
    assert await announced(chain, place.client_id) == ["client.registered", "client.erased"]
    [row] = await chain.sql("SELECT * FROM clients WHERE id = :id", id=UUID(place.client_id))
    assert (row.name, row.email, row.phone, row.code, row.contact) == (None, None, None, None, {})
    assert (await chain.post("/v1/appointments", place.wish(tomorrow(16)), 422))["code"] == "unknown_client"
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    assert (await chain.get(f"/v1/appointments/{asked['id']}"))["status"] == "cancelled"


async def test_no_event_carries_a_name_an_address_or_a_note(chain: Chain) -> None:
    place = await chain.place()
    await chain.confirmed(place, tomorrow(10), notes="allergic to lavender")
    [row] = await chain.sql(
        "SELECT count(*) AS n FROM outbox WHERE payload ~* 'wang|example.test|lavender|therapist\"\\s*:'"
    )  # fmt: skip
    assert row.n == 0


@pytest.mark.parametrize("path", ["appointments", "attention", "branches", "clients", "therapists", "treatments"])
@pytest.mark.parametrize("place", [1, "x", [], ["x", "y"], {"a": 1}, None, ["2026-01-01", 5], [None, None], "☃"])
async def test_a_cursor_that_is_not_ours_is_refused(chain: Chain, path: str, place: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    assert (await chain.get(f"/v1/{path}", 422, cursor=cursor))["code"] == "invalid_cursor"


async def test_a_request_at_the_moment_of_an_erasure_finds_no_client(chain: Chain) -> None:
    place = await chain.place()
    who = Principal("tester", "tester", frozenset(), None, None, "", 0.0)
    async with chain.database.transaction() as tx:
        await people.visible_client(tx, who, UUID(place.client_id), lock=True)
        await people.erase_client(tx, who, UUID(place.client_id))
        posting = asyncio.create_task(chain.http.post("/v1/appointments", json=place.wish(tomorrow(10))))
        await somebody_waits(chain)
    assert (await posting).json()["code"] == "unknown_client"


async def test_a_caller_of_one_branch_neither_sees_nor_takes_away_another_one(chain: Chain) -> None:
    here, there = await chain.branch(), await chain.branch()
    local = chain.mint.bearer("scheduling:read", "scheduling:write", branches=[here])
    for path in (
        f"/v1/clients/{await chain.client(here, there)}",
        f"/v1/therapists/{await chain.therapist(here, there)}",
    ):
        seen = (await chain.http.get(path, headers=local)).json()
        assert seen["branch_ids"] == [here]
        body = {"name": "Li Na", "branch_ids": [here]}
        answer = await chain.http.patch(path, json=body, headers=local | {"If-Match": f'"{seen["version"]}"'})
        assert answer.json()["branch_ids"] == [here]
        assert set((await chain.get(path))["branch_ids"]) == {here, there}
        cannot = {"branch_ids": [here, there]}
        answer = await chain.http.patch(path, json=cannot, headers=local | {"If-Match": "*"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/branch_ids/1")


async def test_an_erasure_takes_the_kept_answer_to_the_registration_too(chain: Chain) -> None:
    body = {"branch_ids": [await chain.branch()], "name": "CANARY-5d1e", "email": "canary-5d1e@example.test"}
    made = await chain.post("/v1/clients", body, 201, **{"Idempotency-Key": "once"})
    assert await chain.post("/v1/clients", body, 201, **{"Idempotency-Key": "once"}) == made
    kept = "SELECT count(*) AS n FROM idempotency_keys WHERE encode(body, 'escape') ~* 'canary-5d1e'"
    assert (await chain.sql(kept))[0].n == 1
    await chain.http.delete(f"/v1/clients/{made['id']}")
    assert (await chain.sql(kept))[0].n == 0


async def test_a_treatment_on_bars_is_never_without_a_screening_protocol(chain: Chain) -> None:
    body = {"code": f"t-{new_id().hex[-12:]}", "name": "Unasked", "duration_minutes": 60,
            "requires": {"equipment": ["balancing_bar"]}}  # fmt: skip
    answer = await chain.http.post("/v1/treatments", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/screening_protocol")
    made = await chain.post("/v1/treatments", body | {"screening_protocol": "back-stepping"})
    path, headers = f"/v1/treatments/{made['id']}", {"If-Match": '"1"'}
    answer = await chain.http.patch(path, json={"screening_protocol": None}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "screening_protocol_required")
