"""Couples and groups: every member is confirmed, or none, whatever comes when."""

import itertools
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.scheduling.handlers import together
from services.scheduling.settings import settings
from shared.events.base import Event
from shared.events.codes import Refusal
from shared.events.room_equipment import RoomRevoked
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, Place, assigned, assignment, blocked, cleared, iso, tomorrow, unavailable
from tests.scheduling.test_local_time import next_change

NEW = ["requested"]


async def clients(chain: Chain, place: Place, many: int) -> list[str]:
    return [place.client_id, *[await chain.client(place.branch_id) for _ in range(many - 1)]]


def wish(place: Place, starts_at: datetime, people: list[str], **more: Any) -> dict[str, Any]:
    members = [{"client_id": client, "treatment_id": place.treatment_id} for client in people]
    return {"branch_id": place.branch_id, "starts_at": iso(starts_at), "members": members} | more


async def asked(chain: Chain, place: Place, starts_at: datetime, many: int = 2) -> dict[str, Any]:
    """A pending group of so many."""
    body = wish(place, starts_at, await clients(chain, place, many))
    group: dict[str, Any] = await chain.post("/v1/groups", body, 202, Prefer="wait=0")
    assert group["status"] == "pending"
    return group


def yes(group: dict[str, Any], place: Place) -> list[Event]:
    return [
        event
        for member, room in zip(group["members"], place.room_ids, strict=False)
        for event in (cleared(member), assigned(member, room))
    ]


async def confirmed(chain: Chain, place: Place, starts_at: datetime, many: int = 2) -> dict[str, Any]:
    group = await asked(chain, place, starts_at, many)
    await chain.hear(*yes(group, place))
    return await looked_at(chain, group)


async def looked_at(chain: Chain, group: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await chain.get(f"/v1/groups/{group['id']}")
    return found


def statuses(group: dict[str, Any]) -> list[str]:
    return [member["status"] for member in group["members"]]


async def said(chain: Chain, group: dict[str, Any]) -> list[list[str]]:
    return [await chain.announced(member["id"]) for member in group["members"]]


async def claims(chain: Chain, place: Place) -> int:
    rows = await chain.sql(
        "SELECT 1 FROM therapist_claims WHERE therapist_id = ANY(CAST(:ids AS uuid[]))", ids=place.therapist_ids
    )
    return len(rows)


async def test_all_are_confirmed_at_once_and_nobody_hears_it_before_all_are_certain(chain: Chain) -> None:
    place = await chain.place(therapists=3, rooms=3)
    for order in itertools.islice(itertools.permutations(range(6)), 0, 720, 190):
        group = await asked(chain, place, tomorrow(8), 3)
        answers = yes(group, place)
        for index in order[:-1]:
            await chain.hear(answers[index])
            assert await said(chain, group) == [NEW, NEW, NEW]
            assert statuses(await looked_at(chain, group)) == ["pending"] * 3
        await chain.hear(answers[order[-1]])
        group = await looked_at(chain, group)
        assert (group["status"], statuses(group)) == ("confirmed", ["confirmed"] * 3)
        assert await said(chain, group) == [["requested", "confirmed"]] * 3
        assert len({member["therapist_id"] for member in group["members"]}) == 3
        await chain.hear(*answers, *answers)  # late and doubled: nothing
        assert await said(chain, group) == [["requested", "confirmed"]] * 3
        await chain.post(f"/v1/groups/{group['id']}/cancel", {}, 200)
    assert await claims(chain, place) == 0


@pytest.mark.parametrize("who", [0, 1])
async def test_one_refusal_releases_all_and_is_named_by_its_pointer(chain: Chain, who: int) -> None:
    place = await chain.place(therapists=2, rooms=2)
    group = await asked(chain, place, tomorrow(9))
    one, other = group["members"][who], group["members"][1 - who]
    await chain.hear(cleared(other), assigned(other, place.room_ids[0]), assigned(one, place.room_ids[1]))
    await chain.hear(blocked(one, Refusal.SCREENING_DECLINED))
    group = await looked_at(chain, group)
    assert (group["status"], statuses(group)) == ("rejected", ["rejected"] * 2)
    assert [group["members"][n]["code"] for n in (who, 1 - who)] == ["screening_declined", "not_all_possible"]
    assert await said(chain, group) == [["requested", "rejected"]] * 2
    assert await claims(chain, place) == 0
    await chain.hear(cleared(one), *yes(group, place))  # too late
    assert statuses(await looked_at(chain, group)) == ["rejected"] * 2


async def test_what_our_own_rules_refuse_is_named_and_nothing_is_taken(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=3)
    people = await clients(chain, place, 3)
    body = wish(place, tomorrow(10), people)
    problem = await chain.post("/v1/groups", body, 409)
    assert problem["code"] == "therapist_unavailable"
    assert [error["pointer"] for error in problem["errors"]] == ["/members/2"]
    assert await claims(chain, place) == 0
    group = await chain.get(f"/v1/groups/{problem['group_id']}")
    assert sorted(m["code"] for m in group["members"]) == ["not_all_possible"] * 2 + ["therapist_unavailable"]
    again = await chain.http.post("/v1/groups", json=body, headers={"Idempotency-Key": "three at ten"})
    same = await chain.http.post("/v1/groups", json=body, headers={"Idempotency-Key": "three at ten"})
    assert (again.status_code, again.json()["group_id"]) == (same.status_code, same.json()["group_id"])

    taken = await chain.confirmed(place, tomorrow(10), therapist_id=place.therapist_ids[0])
    body = wish(place, tomorrow(10), people[:2])
    body["members"][1]["therapist_id"] = taken["therapist_id"]
    problem = await chain.post("/v1/groups", body, 409)
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("/members/1", "slot_taken")]


async def test_whoever_is_named_is_kept_for_whom_she_was_named(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    people = await clients(chain, place, 2)
    for n, therapist_id in enumerate(place.therapist_ids):
        body = wish(place, tomorrow(10 + n), people)
        body["members"][1]["therapist_id"] = therapist_id
        group = await chain.post("/v1/groups", body, 202, Prefer="wait=0")
        assert [member["therapist_id"] for member in group["members"]] == [
            next(id for id in place.therapist_ids if id != therapist_id), therapist_id,
        ]  # fmt: skip


async def test_a_therapist_too_heavy_is_replaced_and_when_none_is_left_all_fall(chain: Chain) -> None:
    place = await chain.place(therapists=3, rooms=2)
    group = await asked(chain, place, tomorrow(9))
    one, other = group["members"]
    await chain.hear(cleared(other), assigned(other, place.room_ids[0]))
    await chain.hear(cleared(one), unavailable(one, Refusal.LOAD_RATING_EXCEEDED))
    one = (await looked_at(chain, group))["members"][0]
    assert (one["status"], one["attempt"]) == ("pending", 2)
    await chain.hear(cleared(one), assigned(one, place.room_ids[1]))
    group = await looked_at(chain, group)
    assert group["status"] == "confirmed"

    group = await asked(chain, place, tomorrow(14), 3)
    one, other, third = group["members"]
    await chain.hear(*(cleared(member) for member in group["members"]), assigned(third, place.room_ids[0]))
    await chain.hear(unavailable(one, Refusal.LOAD_RATING_EXCEEDED), unavailable(other, Refusal.LOAD_RATING_EXCEEDED))
    group = await looked_at(chain, group)
    assert statuses(group) == ["rejected"] * 3
    assert {member["code"] for member in group["members"]} == {"load_rating_exceeded", "not_all_possible"}


async def test_silence_to_one_gives_up_all_by_the_clock(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    group = await asked(chain, place, tomorrow(9))
    one, other = group["members"]
    await chain.hear(cleared(one), assigned(one, place.room_ids[0]))
    assert await chain.run(together.give_up) == 0
    await chain.sql_all(
        "UPDATE outbox SET published_at = clock_timestamp() - make_interval(secs => :s) WHERE aggregateid = :id",
        [{"s": settings().answer_seconds + 1, "id": member["id"]} for member in (one, other)],
    )
    await chain.run(together.give_up)
    group = await looked_at(chain, group)
    assert [member["code"] for member in group["members"]] == ["not_all_possible", "timed_out"]
    assert await claims(chain, place) == 0


async def test_a_member_cancelled_before_all_are_certain_takes_the_others_along(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    group = await asked(chain, place, tomorrow(9))
    one, other = group["members"]
    await chain.post(f"/v1/appointments/{one['id']}/cancel", {}, 200)
    await chain.hear(cleared(other), assigned(other, place.room_ids[0]))
    assert (await said(chain, group))[1] == NEW
    await chain.run(together.give_up)
    group = await looked_at(chain, group)
    assert statuses(group) == ["cancelled", "rejected"]
    assert (group["status"], await claims(chain, place)) == ("rejected", 0)


async def test_a_room_lost_before_all_are_certain_is_a_refusal(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    group = await asked(chain, place, tomorrow(9))
    one = group["members"][0]
    lost = RoomRevoked(**assignment(one, place.room_ids[0], 2), reason="bar_failed")
    await chain.hear(cleared(one), assigned(one, place.room_ids[0]), lost)
    assert [m["code"] for m in (await looked_at(chain, group))["members"]] == ["no_certified_room", "not_all_possible"]
    assert await claims(chain, place) == 0


async def test_a_room_lost_later_is_one_members_affair_and_the_attention_list_names_the_group(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    group = await confirmed(chain, place, tomorrow(9))
    one = group["members"][0]
    await chain.hear(RoomRevoked(**assignment(one, place.room_ids[0], 2), reason="bar_failed"))
    group = await looked_at(chain, group)
    assert (group["status"], statuses(group)) == ("incomplete", ["needs_attention", "confirmed"])
    assert (await said(chain, group))[1] == ["requested", "confirmed"]
    [item] = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert (item["appointment_id"], item["group_id"]) == (one["id"], group["id"])


async def test_one_member_or_the_whole_group_is_cancelled_each_by_its_policy(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    body = {"branch_id": place.branch_id, "free_until_minutes": 43200, "fee": {"amount": 900, "currency": "EUR"}}
    assert (await chain.http.put("/v1/cancellation-policies", json=body)).status_code == 200
    group = await confirmed(chain, place, tomorrow(9))
    await chain.post(f"/v1/appointments/{group['members'][0]['id']}/cancel", {}, 200)
    group = await looked_at(chain, group)
    assert (group["status"], statuses(group)) == ("incomplete", ["cancelled", "confirmed"])
    await chain.post(f"/v1/groups/{group['id']}/cancel", {"code": "illness"}, 200)
    group = await looked_at(chain, group)
    assert (group["status"], statuses(group)) == ("cancelled", ["cancelled"] * 2)
    assert [member["cancelled"]["fee"]["amount"] for member in group["members"]] == [900, 900]
    problem = await chain.post(f"/v1/groups/{group['id']}/cancel", {}, 409)
    assert (problem["code"], await claims(chain, place)) == ("wrong_status", 0)


async def test_what_makes_no_sense_is_refused_with_its_pointer_and_nothing_stored(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    people = await clients(chain, place, 2)
    good = wish(place, tomorrow(9), people)

    async def refused(**changes: Any) -> list[str]:
        problem = await chain.post("/v1/groups", good | changes, 422)
        return [error["pointer"] for error in problem["errors"]]

    member = good["members"][0]
    assert await refused(members=[member]) == ["/members"]
    assert await refused(members=[member, member]) == [""]
    assert await refused(members=[member, member | {"client_id": str(new_id())}]) == ["/members/1/client_id"]
    assert await refused(members=[good["members"][1], member | {"therapist_id": str(new_id())}]) == [
        "/members/1/therapist_id"
    ]
    assert await refused(branch_id=str(new_id())) == ["/branch_id"]
    assert await refused(starts_at="2026-01-01T10:00:00Z") == ["/starts_at"]
    assert (await chain.get("/v1/groups", branch_id=place.branch_id))["items"] == []
    assert await chain.sql("SELECT 1 FROM appointments WHERE branch_id = :id", id=UUID(place.branch_id)) == []


async def test_a_group_by_the_branchs_clock_knows_its_gap(chain: Chain) -> None:
    local, _ = next_change("Europe/Berlin", gap=True)
    place = await chain.place(therapists=2, rooms=2, timezone="Europe/Berlin")
    body = wish(place, tomorrow(9), await clients(chain, place, 2), starts_at_local=local.isoformat())
    del body["starts_at"]
    assert (await chain.post("/v1/groups", body, 409))["code"] == "nonexistent_local_time"
    body["starts_at_local"] = (local + timedelta(days=1)).isoformat()
    group = await chain.post("/v1/groups", body, 202, Prefer="wait=0")
    assert {m["starts_at_local"] for m in group["members"]} == {(local + timedelta(days=1)).isoformat()}


async def test_a_group_lies_in_its_branch_and_is_listed_by_start(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    groups = [await confirmed(chain, place, tomorrow(hour)) for hour in (15, 9)]
    listed = await chain.get("/v1/groups", branch_id=place.branch_id, limit=1)
    assert [group["id"] for group in listed["items"]] == [groups[1]["id"]]
    listed = await chain.get("/v1/groups", branch_id=place.branch_id, cursor=listed["next_cursor"])
    assert [group["id"] for group in listed["items"]] == [groups[0]["id"]]
    headers = chain.mint.bearer("scheduling:read", branches=[str(new_id())])
    assert (await chain.http.get(f"/v1/groups/{groups[0]['id']}", headers=headers)).status_code == 404


async def test_half_a_group_cannot_be_committed_by_sql_either(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    group = await asked(chain, place, tomorrow(9))
    role = await asyncpg.connect(chain.servers.url)
    confirm = "UPDATE appointments SET status = 'confirmed', room_id = $2 WHERE id = ANY($1)"
    ids = [UUID(member["id"]) for member in group["members"]]
    with pytest.raises(asyncpg.CheckViolationError, match="one of a party"):
        await role.execute(confirm, ids[:1], UUID(place.room_ids[0]))
    await role.execute(confirm, ids, UUID(place.room_ids[0]))
    await role.close()
