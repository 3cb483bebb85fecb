"""What else would suit a client, as notification asks right before it writes."""

from typing import Any

from tests.scheduling.builders import Chain, tomorrow
from tests.scheduling.test_alternatives import drop_other_treatments, massage, stands


async def suitable(chain: Chain, booked: dict[str, Any], **headers: str) -> list[str]:
    answer = await chain.http.get("/v1/suitable-treatments", params={"id": booked["id"]}, headers=headers)
    items = answer.raise_for_status().json()["items"]
    return [one["code"] for item in items if item["id"] == booked["id"] for one in item["treatments"]]


async def test_it_names_what_the_branch_can_give_and_screening_allows_the_nearest_in_length_first(chain: Chain) -> None:
    place, elsewhere = await chain.place(), await chain.branch()
    await drop_other_treatments(chain)
    booked = await chain.confirmed(place, tomorrow(10))
    tag = place.branch_id[-12:]
    free, asked = f"free-{tag}", f"asked-{tag}"
    await massage(chain, None, free)
    await massage(chain, f"gentle-{tag}", asked)
    hard = {"code": f"hard-{tag}", "name": "Hard", "duration_minutes": 45, "turnover_minutes": 10,
            "requires": {"skill": "nobody-has-it", "equipment": []}, "screening_protocol": None}  # fmt: skip
    await chain.post("/v1/treatments", hard)
    assert await suitable(chain, booked) == [free]
    await stands(chain, place, f"gentle-{tag}", "cleared")
    assert await suitable(chain, booked) == [asked, free]
    await stands(chain, place, f"gentle-{tag}", "declined")
    assert await suitable(chain, booked) == [free]
    there = chain.mint.bearer("scheduling:read", branches=[elsewhere])
    assert await suitable(chain, booked, **there) == [], "what lies in another branch does not exist"
    refused = await chain.http.get("/v1/suitable-treatments")
    assert refused.status_code == 422


async def test_erasing_a_client_forgets_where_they_stood(chain: Chain) -> None:
    place = await chain.place()
    await stands(chain, place, "massage", "cleared")
    kept = (await chain.get(f"/v1/clients/{place.client_id}/export"))["standings"]
    assert kept == [{"protocol": "massage", "outcome": "cleared", "valid_until": "2099-01-01"}]
    await chain.http.delete(f"/v1/clients/{place.client_id}")
    await stands(chain, place, "massage", "cleared")
    assert await chain.sql("SELECT 1 FROM client_standings WHERE client_id = :id", id=place.client_id) == []
