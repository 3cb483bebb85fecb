"""Standing in line: joining, the order, changing, leaving, and who is let go."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

from shared.kit.ids import new_id
from tests.scheduling.builders import Chain
from tests.scheduling.waiting import answer, cancel, day, entry, join, move, offer, only_slot, states, window, wish


async def test_who_joins_is_last_and_the_list_is_the_order_of_the_line(chain: Chain) -> None:
    place = await chain.place(bar=False)
    joined = [await join(chain, place, window(40, 45), notes=f"{n}") for n in range(5)]
    assert [each["position"] for each in joined] == [1, 2, 3, 4, 5]
    page = await chain.get("/v1/waitlist", branch_id=place.branch_id, limit=2)
    found = page["items"]
    while page["next_cursor"] is not None:
        page = await chain.get("/v1/waitlist", branch_id=place.branch_id, limit=2, cursor=page["next_cursor"])
        found += page["items"]
    assert [each["id"] for each in found] == [each["id"] for each in joined]
    assert (await chain.http.delete(f"/v1/waitlist/{joined[1]['id']}")).status_code == 204
    assert [(await entry(chain, each))["position"] for each in joined] == [1, None, 2, 3, 4]
    other = await join(chain, place, window(50))
    assert other["position"] == 1  # nobody before wants any of that time


async def test_joining_at_once_gives_each_a_place_of_their_own_that_stays(chain: Chain) -> None:
    place = await chain.place(bar=False)
    joined = await asyncio.gather(*(join(chain, place, window(40)) for _ in range(12)))
    listed = (await chain.get("/v1/waitlist", branch_id=place.branch_id))["items"]
    assert [each["position"] for each in listed] == list(range(1, 13))
    again = (await chain.get("/v1/waitlist", branch_id=place.branch_id))["items"]
    assert [each["id"] for each in again] == [each["id"] for each in listed]
    assert {each["id"] for each in listed} == {each["id"] for each in joined}


async def test_nobody_stands_twice_for_the_same_thing_not_even_at_once(chain: Chain) -> None:
    place = await chain.place(bar=False)
    bodies = [wish(place, place.client_id, window(40 + n % 2, 44)) for n in range(8)]
    answers = await asyncio.gather(*(chain.http.post("/v1/waitlist", json=body) for body in bodies))
    assert Counter(each.status_code for each in answers) == {201: 1, 409: 7}
    [standing] = (await chain.get("/v1/waitlist", client_id=place.client_id))["items"]
    refused = next(each.json() for each in answers if each.status_code == 409)
    assert (refused["code"], refused["entry_id"]) == ("already_waiting", standing["id"])
    other_days = await join(chain, place, window(45), client=place.client_id)
    path = f"/v1/waitlist/{other_days['id']}"
    change = await chain.http.patch(path, json={"windows": [window(44, 45)]}, headers={"If-Match": "*"})
    assert (change.status_code, change.json()["code"]) == (409, "already_waiting")
    assert (await entry(chain, other_days))["windows"] == other_days["windows"]


async def test_wanting_less_keeps_the_place_and_wanting_more_goes_to_the_end(chain: Chain) -> None:
    place = await chain.place(bar=False)
    first = await join(chain, place, window(40, 44), window(50, 54))
    second = await join(chain, place, window(40, 54))
    path = f"/v1/waitlist/{first['id']}"
    missing = await chain.http.patch(path, json={"notes": "x"})
    assert missing.status_code == 428
    stale = await chain.http.patch(path, json={"notes": "x"}, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    for change, positions in (
        ({"notes": "rings twice"}, [1, 2]),
        ({"windows": [window(50, 54)]}, [1, 2]),
        ({"windows": [window(50, 55)]}, [2, 1]),
    ):
        answer = await chain.http.patch(path, json=change, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
        assert [(await entry(chain, each))["position"] for each in (first, second)] == positions
    assert (await entry(chain, first))["notes"] == "rings twice"


WRONG: list[tuple[dict[str, Any], str, str | None]] = [
    ({"windows": []}, "/windows", None),
    ({"windows": [{"from": "2027-01-15"}]}, "/windows/0/to", None),
    ({"windows": [{"from": "soon", "to": "2027-01-15"}]}, "/windows/0/from", None),
    ({"windows": [window(5, 4)]}, "/windows/0/to", "invalid_interval"),
    ({"windows": [window(5), window(5, 5 + 92)]}, "/windows/1/to", "window_too_long"),
    ({"windows": [window(-9, -3)]}, "/windows/0/to", "window_passed"),
    ({"windows": [window(402)]}, "/windows/0/from", "beyond_horizon"),
    ({"windows": [window(4, weekdays=[day(5).strftime("%a").lower()])]}, "/windows/0/weekdays",
     "window_without_days"),
    ({"windows": [window(4, weekdays=["someday"])]}, "/windows/0/weekdays/0", None),
    ({"windows": [window(4, time_from="25:00")]}, "/windows/0/time_from", None),
    ({"branch_ids": []}, "/branch_ids", None),
    ({"branch_ids": [str(new_id())]}, "/branch_ids/0", "unknown_branch"),
    ({"treatment_id": str(new_id())}, "/treatment_id", "unknown_treatment"),
    ({"client_id": str(new_id())}, "/client_id", "unknown_client"),
    ({"therapist_id": str(new_id())}, "/therapist_id", "unknown_therapist"),
    ({"patience": "none"}, "/patience", None),
]  # fmt: skip


async def test_a_wrong_wish_is_told_where_it_is_wrong_and_nobody_stands_for_it(chain: Chain) -> None:
    place = await chain.place(bar=False)
    for change, pointer, code in WRONG:
        answer = await chain.http.post("/v1/waitlist", json=wish(place) | change)
        assert answer.status_code == 422, answer.text
        error = answer.json()["errors"][0]
        assert error["pointer"] == pointer and (code is None or error["code"] == code), error
    assert (await chain.get("/v1/waitlist", branch_id=place.branch_id))["items"] == []


async def test_a_therapist_who_works_elsewhere_cannot_be_waited_for(chain: Chain) -> None:
    here, there = await chain.place(bar=False), await chain.place(bar=False)
    answer = await chain.http.post("/v1/waitlist", json=wish(here, therapist_id=there.therapist_ids[0]))
    assert answer.json()["errors"][0]["code"] == "therapist_elsewhere"


async def test_another_branchs_line_is_not_there(chain: Chain) -> None:
    place, other = await chain.place(bar=False), await chain.place(bar=False)
    both = wish(place, None, window(40), branch_ids=[place.branch_id, other.branch_id])
    joined = await chain.post("/v1/waitlist", both)
    headers = chain.mint.bearer("scheduling:read", "scheduling:write", branches=[other.branch_id])
    seen = (await chain.http.get(f"/v1/waitlist/{joined['id']}", headers=headers)).json()
    assert seen["branch_ids"] == [other.branch_id]
    refused = await chain.http.post("/v1/waitlist", json=both, headers=headers)
    assert refused.json()["errors"][0]["pointer"] == "/branch_ids/0"
    headers = chain.mint.bearer("scheduling:read", "scheduling:write", branches=[await chain.branch()])
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", "")):
        answer = await chain.http.request(
            method, f"/v1/waitlist/{joined['id']}{path}", headers=headers | {"If-Match": "*"},
            json={} if method == "PATCH" else None,
        )  # fmt: skip
        assert answer.status_code == 404
    assert (await chain.http.get("/v1/waitlist", headers=headers)).json()["items"] == []
    assert (await entry(chain, joined))["state"] == "waiting"


async def test_who_waited_until_the_last_window_was_over_is_let_go(chain: Chain) -> None:
    place = await chain.place(bar=False)
    joined = await join(chain, place, window(40))
    passed = "UPDATE waitlist_entries SET ends_at = clock_timestamp() - interval '1 s' WHERE id = :id"
    await chain.run(lambda tx: tx.run(passed, {"id": UUID(joined["id"])}))
    await move(chain)
    now = await entry(chain, joined)
    assert (now["state"], now["ended_for"], now["position"]) == ("expired", "window_passed", None)
    assert await chain.sql("SELECT 1 FROM waitlist_wants WHERE entry_id = :id", id=UUID(joined["id"])) == []
    again = await chain.http.patch(f"/v1/waitlist/{joined['id']}", json={"notes": "x"}, headers={"If-Match": "*"})
    assert (again.status_code, again.json()["code"]) == (409, "wrong_status")
    await join(chain, place, window(40), client=joined["client_id"])


async def test_an_erased_client_stands_nowhere_and_the_next_has_what_they_were_offered(chain: Chain) -> None:
    place, booked = await only_slot(chain)
    first, second = [await join(chain, place, notes="about her knee") for _ in range(2)]
    await cancel(chain, booked)
    await move(chain)
    held = await offer(chain, first)
    assert (await chain.http.delete(f"/v1/clients/{first['client_id']}")).status_code in (202, 204)
    assert await states(chain, first, second) == ["withdrawn", "offered"]
    assert (await entry(chain, first))["notes"] is None
    assert (await answer(chain, held, "accept")).json()["code"] == "offer_ended"


async def test_a_person_gets_what_they_waited_for_in_their_export(chain: Chain) -> None:
    place = await chain.place(bar=False)
    joined = await join(chain, place, window(40), notes="mornings")
    [found] = (await chain.get(f"/v1/clients/{joined['client_id']}/export"))["waitlist"]
    assert (found["id"], found["notes"], found["offers"]) == (joined["id"], "mornings", [])
