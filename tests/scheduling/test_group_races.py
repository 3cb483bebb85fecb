"""Groups and single bookings that want the same therapists at once: never half a group, no deadlock, no leftovers."""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.handlers import together
from shared.kit import failpoints
from tests.scheduling.builders import Chain, Place, tomorrow
from tests.scheduling.test_groups import asked, claims, clients, looked_at, statuses, wish, yes
from tests.scheduling.test_races import settle

WAIT = {"Prefer": "wait=0"}
HALF = """
SELECT party_id FROM appointments WHERE branch_id = :id AND party_id IS NOT NULL
GROUP BY party_id, party_size HAVING count(*) FILTER (WHERE status = 'confirmed') NOT IN (0, party_size)
"""


def naming(place: Place, people: list[str], therapists: list[str], hour: int) -> dict[str, Any]:
    body = wish(place, tomorrow(hour), people)
    for member, therapist_id in zip(body["members"], therapists, strict=True):
        member["therapist_id"] = therapist_id
    return body


async def test_twenty_groups_that_name_the_same_therapists_crosswise_are_whole_or_nothing(chain: Chain) -> None:
    place = await chain.place(therapists=4, rooms=4)
    people = await clients(chain, place, 3)
    chance = random.Random(31)
    for hour in (8, 12, 16):
        groups = [naming(place, people, chance.sample(place.therapist_ids, 3), hour) for _ in range(20)]
        single = [place.wish(tomorrow(hour), therapist_id=chance.choice(place.therapist_ids)) for _ in range(10)]
        posts = [("/v1/groups", body) for body in groups] + [("/v1/appointments", body) for body in single]
        chance.shuffle(posts)
        answers = await asyncio.gather(*(chain.http.post(path, json=body, headers=WAIT) for path, body in posts))
        assert Counter(answer.status_code for answer in answers).keys() <= {202, 409}
        assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"slot_taken"}
    await settle(chain, place)
    assert await chain.sql(HALF, id=UUID(place.branch_id)) == []
    held = await chain.sql(
        "SELECT status FROM appointments a JOIN therapist_claims t ON t.appointment_id = a.id WHERE branch_id = :id",
        id=UUID(place.branch_id),
    )
    confirmed = (await chain.get("/v1/appointments", branch_id=place.branch_id, status="confirmed"))["items"]
    assert {row.status for row in held} == {"confirmed"}
    assert len(held) == len(confirmed) == await claims(chain, place)


async def test_unnamed_groups_find_the_therapists_that_are_left(chain: Chain) -> None:
    place = await chain.place(therapists=6, rooms=6)
    body = wish(place, tomorrow(10), await clients(chain, place, 2))
    answers = await asyncio.gather(*(chain.http.post("/v1/groups", json=body, headers=WAIT) for _ in range(6)))
    assert Counter(answer.status_code for answer in answers) == {202: 3, 409: 3}
    assert await claims(chain, place) == 6


async def test_answers_to_two_members_at_one_moment_confirm_both(chain: Chain) -> None:
    place = await chain.place(therapists=4, rooms=4)
    for hour in range(8, 20, 2):
        group = await asked(chain, place, tomorrow(hour), 4)
        answers = yes(group, place)
        await asyncio.gather(*(chain.hear(*answers[n : n + 2]) for n in range(0, 8, 2)))
        group = await looked_at(chain, group)
        assert statuses(group) == ["confirmed"] * 4


async def test_a_cancel_that_races_the_last_answer_leaves_no_half(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    for hour in range(6, 22, 2):
        group = await asked(chain, place, tomorrow(hour))
        answers = yes(group, place)
        await chain.hear(*answers[:-1])
        cancel = chain.http.post(f"/v1/appointments/{group['members'][0]['id']}/cancel", json={})
        answer, _ = await asyncio.gather(cancel, chain.hear(answers[-1]))
        assert answer.status_code == 200
        await chain.run(together.give_up)
        # Cancelled before the last answer: both are gone. After it: the group was confirmed, and one was cancelled.
        others = [await chain.announced(member["id"]) for member in group["members"]]
        assert others in (
            [["requested", "cancelled"], ["requested", "rejected"]],
            [["requested", "confirmed", "cancelled"], ["requested", "confirmed"]],
        )


async def test_a_request_that_dies_between_two_claims_leaves_nothing(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    body = wish(place, tomorrow(10), await clients(chain, place, 2))
    failpoints.arm("parties.after_claim:1:error")
    try:
        assert (await chain.http.post("/v1/groups", json=body, headers=WAIT)).status_code == 500
    finally:
        failpoints.arm("")
    assert await claims(chain, place) == 0
    assert await chain.sql("SELECT 1 FROM appointments WHERE branch_id = :id", id=UUID(place.branch_id)) == []
    assert (await chain.http.post("/v1/groups", json=body, headers=WAIT)).status_code == 202


@pytest.mark.parametrize("wins", ["group", "single"])
async def test_a_group_loses_to_a_single_booking_as_a_whole(chain: Chain, wins: str) -> None:
    place = await chain.place(therapists=2, rooms=2)
    body = wish(place, tomorrow(10), await clients(chain, place, 2))
    posts = [("/v1/groups", body), ("/v1/appointments", place.wish(tomorrow(10)))]
    first, second = posts if wins == "group" else posts[::-1]
    codes = [(await chain.http.post(path, json=json, headers=WAIT)).status_code for path, json in (first, second)]
    assert codes == [202, 409]
    assert await claims(chain, place) == (2 if wins == "group" else 1)
