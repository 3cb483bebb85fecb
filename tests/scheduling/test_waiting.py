"""Who waits for an outcome hears of it, whichever process settled it, and also when the hint is lost."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.scheduling import waiting
from services.scheduling.api import appointments
from tests.scheduling.builders import Chain, assigned, cleared, iso, tomorrow
from tests.scheduling.test_booking import pending_of


async def post_and_settle(chain: Chain) -> httpx.Response:
    place = await chain.place()
    posting = asyncio.create_task(
        chain.http.post("/v1/appointments", json=place.wish(tomorrow(10)), headers={"Prefer": "wait=20"})
    )
    asked = await pending_of(chain, place.branch_id)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    return await asyncio.wait_for(posting, 15)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the consumer that settles were another process: nothing is handed over here."""
    monkeypatch.setattr(waiting.Settled, "tell", lambda *_: None)
    monkeypatch.setattr(waiting.Settled, "will_tell", lambda *_: None)


async def never(*_: object) -> None:
    """Does not look."""


@pytest.mark.usefixtures("elsewhere")
async def test_an_outcome_of_another_process_is_heard_by_notify(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.Settled, "_look", never)
    answer = await post_and_settle(chain)
    assert (answer.status_code, answer.json()["status"]) == (201, "confirmed")


async def test_a_lost_hint_only_makes_it_later(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.Settled, "tell", lambda *_: None)  # promised by will_tell, so the hint is not taken
    assert (await post_and_settle(chain)).status_code == 201


async def test_the_process_that_settles_hands_the_outcome_over_itself(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting.Settled, "_look", never)
    monkeypatch.setattr(appointments, "present", None)  # would fail if the outcome had to be read
    assert (await post_and_settle(chain)).status_code == 201


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


@pytest.mark.usefixtures("elsewhere")
async def test_a_late_hint_of_what_was_settled_before_is_no_answer_to_a_move(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[UUID, int | None]] = []
    wake = waiting.Settled._wake

    def noting(self: waiting.Settled, id: UUID, appointment: Any = None, version: int | None = None) -> None:
        heard.append((id, version))
        wake(self, id, appointment, version)

    monkeypatch.setattr(waiting.Settled, "_wake", noting)
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    path, body = f"/v1/appointments/{booked['id']}/reschedule", {"starts_at": iso(tomorrow(12))}
    moving = asyncio.create_task(chain.http.post(path, json=body, headers={"Prefer": "wait=20"}))
    asked = await pending_of(chain, place.branch_id)
    late = UUID(booked["id"]), booked["version"]
    await chain.sql("SELECT pg_notify('settled', :late)", late=f"{late[0]}:{late[1]}")
    async with asyncio.timeout(5):
        while late not in heard:
            await pending_of(chain, place.branch_id)
    await pending_of(chain, place.branch_id)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 2))
    answer = await asyncio.wait_for(moving, 15)
    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    assert answer.json()["starts_at"] == iso(tomorrow(12))


async def test_time_that_is_up_answers_202_with_where_to_ask_again(chain: Chain) -> None:
    place = await chain.place()
    answer = await chain.http.post(
        "/v1/appointments", json=place.wish(tomorrow(10)), headers={"Prefer": "respond-async"}
    )
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert answer.headers["Location"] == f"/v1/appointments/{answer.json()['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert waiting.SETTLED._waiting.get(UUID(answer.json()["id"])) is None
