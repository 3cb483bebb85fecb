"""Who waits for an outcome hears of it, whichever process settled it, and also when the hint is lost."""

import asyncio
from uuid import UUID

import pytest

from services.scheduling import waiting
from tests.scheduling.builders import Chain, assigned, cleared, tomorrow
from tests.scheduling.test_booking import pending_of


async def test_an_outcome_of_another_process_is_heard_by_notify(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.Settled, "tell", lambda *_: None)  # as if the consumer were in another process
    monkeypatch.setattr(waiting, "POLL_SECONDS", 60)
    place = await chain.place()
    posting = asyncio.create_task(chain.http.post("/v1/appointments", json=place.wish(tomorrow(10))))
    asked = await pending_of(chain, place.branch_id)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    answer = await asyncio.wait_for(posting, 0.9)
    assert (answer.status_code, answer.json()["status"]) == (201, "confirmed")


async def test_a_lost_hint_only_makes_it_later(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.Settled, "tell", lambda *_: None)
    monkeypatch.setattr(waiting.Settled, "_heard", lambda *_: None)
    place = await chain.place()
    async with chain.database.transaction() as tx:  # the listener was bound before; silence the channel itself
        await tx.run("SELECT pg_notify('settled', '*')")
    posting = asyncio.create_task(chain.http.post("/v1/appointments", json=place.wish(tomorrow(10))))
    asked = await pending_of(chain, place.branch_id)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    assert (await asyncio.wait_for(posting, 4)).status_code == 201


async def test_the_listener_comes_back_after_its_connection_is_cut(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting.Settled, "tell", lambda *_: None)
    cut = "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE application_name = 'caibei-settled'"
    assert (await chain.sql(cut + " AND usename = current_user AND datname = current_database()"))[0].n == 1
    alive = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'caibei-settled'"
    async with asyncio.timeout(5):
        while (await chain.sql(alive + " AND datname = current_database()"))[0].n != 1:
            await asyncio.sleep(0.02)


async def test_time_that_is_up_answers_202_with_where_to_ask_again(chain: Chain) -> None:
    place = await chain.place()
    answer = await chain.http.post(
        "/v1/appointments", json=place.wish(tomorrow(10)), headers={"Prefer": "respond-async"}
    )
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert answer.headers["Location"] == f"/v1/appointments/{answer.json()['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert waiting.SETTLED._waiting.get(UUID(answer.json()["id"])) is None
