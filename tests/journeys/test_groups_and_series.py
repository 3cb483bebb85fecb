"""Couples, groups and series on the running system: all or none, whoever dies, and a plan that tells each date."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.journeys.chain import Chain, Json, Spa, at, today
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole, until
from tests.journeys.test_last_slot import OVERLAPPING

WAIT = {"Prefer": "wait=20"}
PARTS = """
SELECT party_id, party_size, count(*) FILTER (WHERE status = 'confirmed') AS confirmed,
    count(*) FILTER (WHERE status = 'pending') AS pending
FROM appointments WHERE branch_id = $1 AND party_id IS NOT NULL GROUP BY party_id, party_size
"""


def group(spa: Spa, starts_at: datetime, people: list[Json], *therapists: str) -> Json:
    members = [{"client_id": one["id"], "treatment_id": spa.treatment["id"]} for one in people]
    for member, therapist_id in zip(members, therapists, strict=False):
        member["therapist_id"] = therapist_id
    return {"branch_id": spa.branch["id"], "starts_at": starts_at.isoformat(), "members": members}


async def send(spa: Spa, path: str, body: Json) -> Any:
    return await spa.chain.desk.insist("scheduling", path, body, headers=WAIT, timeout=40)


async def rooms_of(whole: Whole, spa: Spa) -> list[str]:
    rows = await whole.rows(
        "room_equipment", "SELECT appointment_id FROM assignments WHERE branch_id = $1", spa.branch["id"]
    )
    return sorted(str(row["appointment_id"]) for row in rows)


async def confirmed_of(whole: Whole, spa: Spa) -> list[str]:
    sql = "SELECT id FROM appointments WHERE branch_id = $1 AND status = 'confirmed'"
    return sorted(str(row["id"]) for row in await whole.rows("scheduling", sql, spa.branch["id"]))


async def settled(whole: Whole, spa: Spa) -> None:
    """Nothing is pending, rooms are those of confirmed sessions, and so is therapists' time."""

    async def still() -> bool:
        pending = "SELECT count(*) FROM appointments WHERE branch_id = $1 AND status = 'pending'"
        if await whole.value("scheduling", pending, spa.branch["id"]):
            return False
        held = """SELECT a.id FROM therapist_claims t JOIN appointments a ON a.id = t.appointment_id
                  WHERE a.branch_id = $1"""
        claims = sorted(str(row["id"]) for row in await whole.rows("scheduling", held, spa.branch["id"]))
        return claims == await confirmed_of(whole, spa) == await rooms_of(whole, spa)

    await until(still, "therapists and rooms are those of confirmed sessions", 60)


async def test_a_couple_is_confirmed_together_or_hears_nothing(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=2, therapists=2)
    unasked, other = await asyncio.gather(chain.client(spa.branch, screened=None), chain.client(spa.branch))
    refused = await send(spa, "/v1/groups", group(spa, at(2, 10), [spa.client, unasked]))
    assert (refused.status_code, refused.json()["code"]) == (409, "screening_required")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/members/1"]
    await settled(whole, spa)
    assert await rooms_of(whole, spa) == []

    booked = await send(spa, "/v1/groups", group(spa, at(2, 10), [spa.client, other]))
    assert (booked.status_code, booked.json()["status"]) == (201, "confirmed"), booked.text
    members = booked.json()["members"]
    assert len({member["room_id"] for member in members}) == len({member["therapist_id"] for member in members}) == 2
    for one in (spa.client, other):
        assert (
            len(await mails_to(whole, one["email"])) == 1
        )  # of the couple that was refused nobody was told "confirmed"
    await settled(whole, spa)


async def test_groups_and_single_bookings_race_and_no_group_is_halved(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=3, therapists=4)
    people = [spa.client, *await asyncio.gather(*(chain.client(spa.branch) for _ in range(2)))]
    ids, chance = [therapist["id"] for therapist in spa.therapists], random.Random(7)
    for hour in (9, 12):
        posts = [("/v1/groups", group(spa, at(2, hour), people[:2], *chance.sample(ids, 2))) for _ in range(10)]
        posts += [("/v1/groups", group(spa, at(2, hour), people)) for _ in range(6)]
        posts += [("/v1/appointments", spa.wish(at(2, hour), therapist_id=chance.choice(ids))) for _ in range(4)]
        chance.shuffle(posts)
        answers = await asyncio.gather(*(send(spa, *post) for post in posts))
        assert {answer.status_code for answer in answers} <= {201, 202, 409}
    await settled(whole, spa)
    for party in await whole.rows("scheduling", PARTS, spa.branch["id"]):
        assert party["confirmed"] in (0, party["party_size"]), dict(party)
    assert await whole.value("scheduling", OVERLAPPING) == 0
    assert await confirmed_of(whole, spa)


@pytest.mark.parametrize(
    "deaths",
    [{"scheduling": "parties.after_claim:1"},
     {"scheduling": "consumer.before_commit:1", "room_equipment": "relay.after_publish:1"}],
    ids=["between two claims", "while answers come"],
)  # fmt: skip
async def test_a_group_outlives_a_service_that_dies_in_the_middle(
    chain: Chain, whole: Whole, deaths: dict[str, str]
) -> None:
    spa = await chain.spa(rooms=2, therapists=2)
    other = await chain.client(spa.branch)
    await whole.arm(deaths)
    await asyncio.gather(*(whole.up(service) for service in deaths))
    booked = await send(spa, "/v1/groups", group(spa, at(2, 10), [spa.client, other]))
    assert booked.status_code in (201, 202, 409), booked.text
    await settled(whole, spa)
    parties = await whole.rows("scheduling", PARTS, spa.branch["id"])
    assert [(party["confirmed"], party["pending"]) for party in parties] == [(2, 0)]
    await asyncio.gather(*(whole.up(service) for service in deaths))


async def test_a_series_tells_before_it_is_booked_when_the_standing_ends(chain: Chain, whole: Whole) -> None:
    branch, treatment = await asyncio.gather(chain.branch(), chain.treatment(bar=False, screened=True))
    client, *_ = await asyncio.gather(
        chain.client(branch),
        chain.therapist(branch, certified=today() + timedelta(days=900)),
        chain.room(branch, bars=0),
    )
    body = {"branch_id": branch["id"], "treatment_id": treatment["id"], "client_id": client["id"],
            "starts_at_local": at(3, 10).replace(tzinfo=None).isoformat(),
            "rrule": "FREQ=DAILY;INTERVAL=92;COUNT=5"}  # fmt: skip
    plan = await chain.desk.post("scheduling", "/v1/series?dry_run=true", body, headers=WAIT)
    found = plan.json()
    assert (plan.status_code, found["screening"]) == (200, "answered"), plan.text
    assert [date["code"] for date in found["dates"]] == [None] * 4 + [
        "screening_required"
    ]  # a standing lasts 12 months
    booked = await chain.desk.post("scheduling", f"/v1/series/{found['id']}/confirm", {}, headers=WAIT)
    assert booked.status_code == 201, booked.text
    assert [date["status"] for date in booked.json()["dates"]] == ["confirmed"] * 4 + ["rejected"]
    assert booked.json()["dates"][4]["code"] == "screening_required"

    whole_or_none = await chain.desk.post(
        "scheduling", "/v1/series", body | {"on_conflict": "refuse_all"}, headers=WAIT
    )
    assert (whole_or_none.status_code, whole_or_none.json()["state"]) == (201, "refused")
    spa = Spa(chain, branch, treatment, client, [], [])
    await settled(whole, spa)
    assert len(await confirmed_of(whole, spa)) == 4
    given_up = await chain.desk.post("scheduling", f"/v1/series/{found['id']}/cancel", {})
    assert given_up.json()["counts"] == {"cancelled": 4, "rejected": 1}
    await settled(whole, spa)
