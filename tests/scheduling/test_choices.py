"""The link in the mail about a lost room: what it shows, what one tap does, and that a look does nothing."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.scheduling.choice_words import WORDS
from services.scheduling.domain.alternatives import Kind
from services.scheduling.domain.appointment import Status
from shared.kit.ids import new_id
from shared.kit.links import Links
from shared.kit.page_words import LANGUAGES
from tests.scheduling.builders import Chain, Place, assigned, cleared, iso, unavailable
from tests.scheduling.test_alternatives import AT, look, lost

WORD = WORDS["en"]
ROWS = ("appointments", "attention_items", "therapist_claims", "outbox", "appointment_history", "audit_log")


async def link(chain: Chain, booked: dict[str, Any]) -> str:
    """The path of the link, as notification gets it right before it sends."""
    answer = await chain.http.get(
        "/v1/choices", params={"id": booked["id"]}, headers=chain.mint.bearer("scheduling:links")
    )
    [found] = answer.raise_for_status().json()["items"]
    assert (found["id"], found["ends_at"]) == (booked["id"], booked["starts_at"])
    path: str = found["address"].removeprefix("https://spa.test")
    return path


async def page(chain: Chain, path: str, status: int = 200, **options: Any) -> str:
    """As a phone asks: without a token of ours."""
    async with anybody(chain) as phone:
        answer = await phone.get(path, **options)
    assert answer.status_code == status, answer.text
    return answer.text


async def tap(chain: Chain, path: str, status: int = 303, /, **fields: str) -> httpx.Response:
    async with anybody(chain) as phone:
        answer = await phone.post(path, data=fields)
    assert answer.status_code == status, answer.text
    return answer


def anybody(chain: Chain) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=chain.http._transport, base_url="http://phone.test")


def offered(html: str) -> list[str]:
    return re.findall(r'name="alternative" value="([0-9a-f-]{36})"', html)


async def waiting(chain: Chain, **more: Any) -> tuple[Place, dict[str, Any], str]:
    place = await chain.place(**more)
    booked = await lost(chain, place)
    return place, booked, await link(chain, booked)


async def rows(chain: Chain) -> dict[str, Any]:
    """Everything a change would leave its mark in."""
    found = {}
    for table in ROWS:
        [found[table]] = await chain.sql(
            f"SELECT count(*), md5(string_agg(CAST(t AS text), '' ORDER BY t)) FROM {table} t"
        )
    return found


async def test_it_shows_what_was_booked_and_what_is_free_in_the_branchs_local_time(chain: Chain) -> None:
    _, booked, path = await waiting(chain, timezone="Asia/Shanghai")
    html = await page(chain, path)
    here = (AT + timedelta(hours=8)).strftime("%H:%M")
    assert f"{WORD.weekdays[(AT + timedelta(hours=8)).weekday()]}, {(AT + timedelta(hours=8)).day} " in html
    assert f"{here} (UTC+08:00)" in html
    assert WORD.kinds[Kind.OTHER_ROOM] in html
    assert offered(html)
    for private in ("Wang Fang", "wang@example.test", booked["client_id"], "failed"):
        assert private not in html


async def test_a_look_changes_nothing_however_often_it_is_followed(chain: Chain) -> None:
    _, _, path = await waiting(chain)
    before = await rows(chain)
    async with anybody(chain) as scanner:
        for _ in range(3):
            assert (await scanner.get(path)).status_code == 200
            assert (await scanner.get(path, params={"do": "cancel", "lang": "de", "tried": "1"})).status_code == 200
        assert (await scanner.head(path)).status_code in (200, 405)
    assert await rows(chain) == before


async def test_one_tap_takes_one_and_the_link_then_says_what_became_of_it(chain: Chain) -> None:
    place, booked, path = await waiting(chain)
    one = offered(await page(chain, path))[1]
    chain_wait = tap(chain, path, do="take", alternative=one)
    answer = await answered(chain, place, booked, chain_wait)
    assert answer.headers["location"] == "?tried=1"
    now = await look(chain, booked)
    assert (now["status"], now["starts_at"] != booked["starts_at"]) == ("confirmed", True)
    html = await page(chain, path)
    assert WORD.outcomes["confirmed"][0] in html
    assert offered(html) == []
    again = await tap(chain, path, do="cancel")
    assert again.headers["location"] == "?"
    assert (await look(chain, booked))["status"] == "confirmed", "it was for one answer"
    [row] = await chain.sql(
        "SELECT actor FROM appointment_history WHERE appointment_id = :id AND status = 'pending' ORDER BY version DESC"
        " LIMIT 1",
        id=UUID(booked["id"]),
    )
    assert row.actor == "client's link"


async def answered(chain: Chain, place: Place, booked: dict[str, Any], tapping: Any, *, willing: bool = True) -> Any:
    """The tap's answer, both other services having said what they say while it waits."""
    task = asyncio.create_task(tapping)
    while (asked := await look(chain, booked))["status"] != "pending":
        assert not task.done(), task.result().text
        await asyncio.sleep(0.01)
    room = assigned(asked, place.room_ids[0], 5) if willing else unavailable(asked, "no_room_available")
    await chain.hear(cleared(asked), room)
    return await task


async def test_one_that_cannot_be_booked_leaves_the_choice_open(chain: Chain) -> None:
    place, booked, path = await waiting(chain)
    one = offered(await page(chain, path))[0]
    answer = await answered(chain, place, booked, tap(chain, path, do="take", alternative=one), willing=False)
    html = await page(chain, path + answer.headers["location"])
    assert WORD.refused in html
    assert offered(html)
    assert WORD.refused not in await page(chain, path)


async def test_one_that_is_gone_is_said_with_what_is_free_now(chain: Chain) -> None:
    place, booked, path = await waiting(chain)
    one = offered(await page(chain, path))[0]
    off = {"starts_at": iso(AT), "ends_at": iso(AT + timedelta(hours=1))}
    await chain.post(f"/v1/therapists/{place.therapist_ids[0]}/time-off", off)
    for sent in (one, str(new_id()), "", "no id"):
        html = (await tap(chain, path, 409, do="take", alternative=sent)).text
        assert WORD.gone in html
        assert one not in offered(html)
    assert (await look(chain, booked))["status"] == "needs_attention"


async def test_who_asks_to_be_called_is_on_the_list_once_and_may_still_choose(chain: Chain) -> None:
    place, booked, path = await waiting(chain)
    for _ in range(2):
        await tap(chain, path, do="call")
    html = await page(chain, path)
    assert WORD.called in html
    assert offered(html)
    [item] = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    assert item["call_requested_at"] is not None
    assert (await chain.announced(booked["id"])).count("call-requested") == 1


async def test_who_cancels_pays_nothing_and_keeps_nothing(chain: Chain) -> None:
    place, booked, path = await waiting(chain)
    await tap(chain, path, do="cancel")
    now = await look(chain, booked)
    assert (now["status"], now["cancel_reason"], now["cancelled"]["late"]) == ("cancelled", "displaced", False)
    assert now["cancelled"]["by"] == "client's link"
    assert await chain.sql("SELECT 1 FROM therapist_claims WHERE appointment_id = :id", id=UUID(booked["id"])) == []
    assert (await chain.get("/v1/attention", branch_id=place.branch_id))["items"] == []
    assert WORD.outcomes["cancelled"][0] in await page(chain, path)
    items = await chain.http.get(
        "/v1/choices", params={"id": booked["id"]}, headers=chain.mint.bearer("scheduling:links")
    )
    assert items.json()["items"] == []


async def test_a_link_opens_for_nobody_else_and_not_for_longer(chain: Chain) -> None:
    _, booked, path = await waiting(chain)
    _, other, _ = await waiting(chain)
    token = path.rpartition("/")[2]
    for wrong in (token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), "x" * 200, "%00"):
        async with anybody(chain) as phone:
            assert (await phone.get(f"/choices/{wrong}")).status_code in (404, 422)
    [item] = [
        one["id"] for one in (await chain.get("/v1/attention", branch_id=booked["branch_id"]))["items"]
    ]  # fmt: skip
    links = {purpose: Links(purpose, ["k" * 40], "") for purpose in ("choice", "questionnaire")}
    later = datetime.now(UTC) + timedelta(days=1)
    await page(chain, f"/choices/{links['questionnaire'].token(UUID(item), later)}", 404)
    await page(chain, f"/choices/{links['choice'].token(UUID(other['id']), later)}", 404)
    over = links["choice"].token(UUID(item), datetime.now(UTC) - timedelta(seconds=1))
    assert WORD.ended[0] in await page(chain, f"/choices/{over}", 409)
    await tap(chain, f"/choices/{over}", 409, do="cancel")
    assert (await look(chain, booked))["status"] == "needs_attention"
    for scope in ("scheduling:read", "scheduling:write"):
        answer = await chain.http.get("/v1/choices", params={"id": booked["id"]}, headers=chain.mint.bearer(scope))
        assert answer.status_code == 403, "who may read appointments may not answer in their clients' names"


async def test_an_erased_clients_link_opens_nothing(chain: Chain) -> None:
    place, _, path = await waiting(chain)
    assert (await chain.http.delete(f"/v1/clients/{place.client_id}")).status_code in (200, 202, 204)
    await page(chain, path, 404)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_speaks_the_clients_language_and_another_one_when_asked(chain: Chain, language: str) -> None:
    place = await chain.place()
    etag = (await chain.http.get(f"/v1/clients/{place.client_id}")).headers["etag"]
    path = f"/v1/clients/{place.client_id}"
    await chain.http.patch(path, json={"locale": language}, headers={"If-Match": etag})
    where = await link(chain, await lost(chain, place))
    html = await page(chain, where, headers={"Accept-Language": "fr"})
    assert f'lang="{language}"' in html.partition(">")[2][:60]
    assert WORDS[language].title in html
    other = next(tag for tag in LANGUAGES if tag != language)
    assert WORDS[other].title in await page(chain, where, params={"lang": other})
    assert WORDS[language].title in await page(chain, where, params={"lang": "<b>"})


def test_every_language_has_words_for_every_kind_and_outcome() -> None:
    assert set(WORDS) == set(LANGUAGES)
    for words in WORDS.values():
        assert set(words.kinds) == set(Kind)
        assert set(words.outcomes) - {"other"} <= set(Status)
        assert set(words.outcomes) == set(WORD.outcomes)
        assert (len(words.weekdays), len(words.months)) == (7, 12)
