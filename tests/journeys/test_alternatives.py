"""A lost room answered by the client's link, and a decline that meets a move: over HTTP and Kafka, all services."""

import asyncio
import re
from typing import Any

import httpx

from tests.journeys.chain import DECLARED, Chain, Spa, at
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole, until
from tests.journeys.test_displacement import attention, status
from tests.journeys.test_reschedule import move


async def nothing_claimed(whole: Whole, id: str) -> bool:
    """No live claim of the session's in any service."""
    held = await whole.value("scheduling", "SELECT count(*) FROM therapist_claims WHERE appointment_id = $1", id)
    kept = await whole.value("room_equipment", "SELECT count(*) FROM assignments WHERE appointment_id = $1", id)
    return (held, kept) == (0, 0)


async def mail(whole: Whole, spa: Spa, count: int) -> str:
    found = await mails_to(whole, spa.client["email"], count)
    return str(found[0]["text"])


async def test_a_client_takes_another_slot_by_the_link_in_the_mail(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(timezone="Asia/Shanghai")
    booked = await spa.book()
    await mails_to(whole, spa.client["email"])
    await chain.inspect(spa.rooms[0]["bars"][0], "fail", "periodic")
    await status(spa, booked["id"], "needs_attention")
    other = await chain.room(spa.branch)
    [address] = re.findall(r"^http\S+/choices/\S+$", (await mail(whole, spa, 2)).replace("\r", ""), re.MULTILINE)
    async with httpx.AsyncClient(trust_env=False, timeout=30) as phone:

        async def offered() -> Any:
            html = (await phone.get(address)).raise_for_status().text
            return re.findall(r'name="alternative" value="([0-9a-f-]{36})"', html)

        found = await until(offered, "the new room is offered")
        assert (await spa.look(booked["id"]))["status"] == "needs_attention", "looking takes nothing"
        answer = await phone.post(address, data={"do": "take", "alternative": found[0]})
        assert answer.status_code == 303, answer.text
        now = await status(spa, booked["id"], "confirmed")
        assert (now["room_id"], now["starts_at"]) == (other["id"], booked["starts_at"])
        again = await phone.post(address, data={"do": "cancel"})
        assert again.status_code == 303
    assert (await spa.look(booked["id"]))["status"] == "confirmed", "the link was for one answer"
    assert await attention(spa) == []
    await mails_to(whole, spa.client["email"], 3)
    said = "SELECT string_agg(payload, ' ') FROM outbox WHERE aggregateid = $1"
    events = await whole.value("scheduling", said, booked["id"])
    assert "/choices/" not in str(events), "no link in any event"


async def test_who_becomes_declined_is_offered_what_suits_in_words_that_say_nothing_of_it(
    chain: Chain, whole: Whole
) -> None:
    spa = await chain.spa()
    oil = await chain.treatment(bar=False, name="Oil for hands and feet", code=f"0-{spa.branch['code']}")
    booked = await spa.book()
    await mails_to(whole, spa.client["email"])
    await chain.screen(spa.client, **DECLARED["declined"])
    now = await status(spa, booked["id"], "cancelled")
    assert (now["cancel_reason"], now["cancelled"]["late"]) == ("screening", False)
    text = await mail(whole, spa, 2)
    assert f"- {oil['name']}" in text
    assert [word for word in ("osteo", "screen", "declin", "health", "bone", "suit") if word in text.lower()] == []


async def test_a_decline_that_races_a_move_ends_with_the_session_cancelled_and_nothing_claimed(
    chain: Chain, whole: Whole
) -> None:
    spa = await chain.spa(rooms=2, therapists=4)
    clients = [await chain.client(spa.branch) for _ in range(8)]
    booked = [await spa.book(at(3 + n, 10), client_id=client["id"]) for n, client in enumerate(clients)]

    async def race(n: int) -> None:
        moving = move(spa, booked[n]["id"], starts_at=at(3 + n, 15).isoformat())
        declining = chain.screen(clients[n], **DECLARED["declined"])
        first, second = (moving, declining) if n % 2 else (declining, moving)
        moved = (await asyncio.gather(first, second))[0 if n % 2 else 1]
        assert isinstance(moved, httpx.Response)
        assert moved.status_code in (200, 202, 409), moved.text

    await asyncio.gather(*map(race, range(len(clients))))
    for each in booked:
        ended = await status(spa, each["id"], "cancelled")
        assert ended["cancel_reason"] == "screening"

        async def gone(id: str = each["id"]) -> bool:
            return await nothing_claimed(whole, id)

        await until(gone, "nothing is claimed any more")
