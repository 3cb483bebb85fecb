"""The link in the mail about an offer: what it shows, what one tap does, and that a look does nothing."""

from typing import Any

import pytest

from services.scheduling.offer_words import WORDS
from shared.kit.page_words import LANGUAGES
from tests.scheduling.builders import Chain, Place, assigned, cleared
from tests.scheduling.test_choices import anybody, page, tap
from tests.scheduling.test_races import settle
from tests.scheduling.waiting import answer, cancel, entry, join, let_lapse, move, offer, only_slot, states

WORD = WORDS["en"]
LINKS = "scheduling:links"


async def link(chain: Chain, asked: dict[str, Any]) -> str:
    """The path of the link, as notification gets it right before it sends."""
    found = await chain.http.get("/v1/offer-letters", params={"id": asked["id"]}, headers=chain.mint.bearer(LINKS))
    [letter] = found.raise_for_status().json()["items"]
    assert (letter["state"], letter["expires_at"]) == (asked["state"], asked["expires_at"])
    path: str = letter["address"].removeprefix("https://spa.test")
    return path


async def offered(chain: Chain) -> tuple[Place, list[Any], Any, str]:
    """Two in line, and the first one's offer with the link to it."""
    place, booked = await only_slot(chain, timezone="Europe/Berlin", phone="+49 30 1234567")
    line = [await join(chain, place) for _ in range(2)]
    await cancel(chain, booked)
    await move(chain)
    asked = await offer(chain, line[0])
    return place, line, asked, await link(chain, asked)


async def test_it_shows_the_slot_and_until_when_in_every_language_and_a_look_changes_nothing(chain: Chain) -> None:
    _, line, asked, path = await offered(chain)
    before = await entry(chain, line[0])
    for language in LANGUAGES:
        html = await page(chain, path, params={"lang": language})
        words = WORDS[language]
        assert all(text in html for text in (words.title, words.accept, words.decline, "11:00", "Back-stepping"))
        assert f'lang="{language}"' in html and "<script" not in html
    async with anybody(chain) as phone:
        for method in ("HEAD", "OPTIONS"):
            await phone.request(method, path)
    assert await entry(chain, line[0]) == before
    assert (await chain.get(f"/v1/waitlist/offers/{asked['id']}"))["state"] == "open"


async def test_one_tap_books_it_and_the_second_only_says_so(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.scheduling.api.offers.WAIT_SECONDS", 0.05)
    place, line, asked, path = await offered(chain)
    for _ in range(2):
        await tap(chain, path, do="accept")
    assert WORD.outcomes["accepted"][0] in await page(chain, path)
    said = await chain.get(f"/v1/appointments/{asked['id']}")
    await chain.hear(cleared(said), assigned(said, place.room_ids[0]))
    await move(chain)
    html = await page(chain, path)
    assert WORD.outcomes["booked"][0] in html and "11:00" in html
    await tap(chain, path, do="decline")
    assert await states(chain, *line) == ["booked", "waiting"]


async def test_a_no_asks_the_next_one_and_what_is_over_is_told_kindly(chain: Chain) -> None:
    place, line, asked, path = await offered(chain)
    await tap(chain, path, do="something else")
    assert await states(chain, *line) == ["offered", "waiting"]
    await tap(chain, path, do="decline")
    assert await states(chain, *line) == ["waiting", "offered"]
    assert WORD.outcomes["declined"][0] in await page(chain, path)
    second = await offer(chain, line[1])
    next_path = await link(chain, second)
    await let_lapse(chain, second)
    await tap(chain, next_path, do="accept")
    assert WORD.outcomes["lapsed"][0] in await page(chain, next_path)
    await settle(chain, place)
    assert (await answer(chain, asked, "accept")).status_code == 409


async def test_only_its_own_whole_link_opens_it_and_none_after_an_erasure(chain: Chain) -> None:
    _, line, asked, path = await offered(chain)
    for wrong in (path[:-2], path.replace("/offers/", "/choices/"), f"/offers/{asked['id']}"):
        await page(chain, wrong, 404)
        await tap(chain, wrong, 404, do="accept")
    refused = await chain.http.get("/v1/offer-letters", params={"id": asked["id"]})
    assert refused.status_code == 403
    elsewhere = chain.mint.bearer(LINKS, branches=[await chain.branch()])
    seen = await chain.http.get("/v1/offer-letters", params={"id": asked["id"]}, headers=elsewhere)
    assert seen.json()["items"] == []
    await chain.http.delete(f"/v1/clients/{line[0]['client_id']}")
    await page(chain, path, 404)
