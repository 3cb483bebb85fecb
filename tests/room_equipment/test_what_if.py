"""What would happen is what then happens: the change is made and taken back, so a dry run says the same lists."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.kit.ids import new_id
from tests.room_equipment.spa import INSPECTOR, Spa, soon

LISTS = ("displaced", "moved", "revoked", "at_risk", "optimal")
ANY = {"If-Match": "*"}
Change = Callable[[Spa, UUID, UUID, UUID, str], Awaitable[httpx.Response]]


async def lock_out(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    return await spa.http.post(f"/v1/bars/{bar}/lockouts{query}", json={"reason": "bent"})


async def take_out(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    return await spa.http.patch(f"/v1/bars/{bar}{query}", json={"in_service": False}, headers=ANY)


async def remove(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    today = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    return await spa.http.patch(f"/v1/bars/{bar}{query}", json={"removed_on": today}, headers=ANY)


async def move(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    return await spa.http.patch(f"/v1/bars/{bar}{query}", json={"room_id": str(other)}, headers=ANY)


async def rate_lower(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    return await spa.http.patch(f"/v1/bars/{bar}{query}", json={"rated_load_kg": 150}, headers=ANY)


async def fail(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    return await inspected(spa, bar, query, "fail")


async def shorten(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    return await inspected(spa, bar, query, "pass", valid_until=soon(2).date().isoformat())


async def close(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    body = {"reason": "flood", "starts_at": soon(2).isoformat(), "ends_at": soon(3).isoformat()}
    return await spa.http.post(f"/v1/rooms/{room}/closures{query}", json=body)


async def take_out_of_service(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    return await spa.http.patch(f"/v1/rooms/{room}{query}", json={"in_service": False}, headers=ANY)


async def move_set(spa: Spa, room: UUID, bar: UUID, other: UUID, query: str) -> httpx.Response:
    (frame,) = (await spa.http.get(f"/v1/bar-sets?room_id={room}")).json()["items"]
    return await spa.http.post(f"/v1/bar-sets/{frame['id']}/move{query}", json={"room_id": str(other)})


async def inspected(spa: Spa, bar: UUID, query: str, result: str, **values: Any) -> httpx.Response:
    day = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    inspector = {"name": "Ines Pector", "credential": "LOLER-1", "credential_valid_until": day}
    body: dict[str, Any] = {
        "performed_at": datetime.now(UTC).isoformat(),
        "kind": "periodic",
        "inspector": inspector,
        "result": result,
    }
    body["checklist"] = [{"item": "fixings", "result": "fail" if result == "fail" else "pass"}]
    return await spa.signed_in(*INSPECTOR).post(f"/v1/bars/{bar}/inspections{query}", json=body | values)


CHANGES: list[Change] = [
    lock_out,
    take_out,
    remove,
    move,
    rate_lower,
    fail,
    shorten,
    close,
    take_out_of_service,
    move_set,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.__name__))
async def test_a_dry_run_says_exactly_what_the_change_then_does(spa: Spa, change: Change) -> None:
    """Sessions of two loads over three rooms and four days; the change is first asked about, then made."""

    async def example(wishes: list[tuple[int, int, int, bool]]) -> None:
        here = await Spa(spa.app, spa.mint, spa.database).open()
        made = [await here.cleared_room(rating, code=f"R{n}") for n, rating in enumerate((300, 200, 140))]
        (room, bar), (other, _) = made[0], made[1]
        frame = {"room_id": str(room), "name": "Frame", "bar_ids": [str(bar)]}
        if change is move_set:
            (await here.http.post("/v1/bar-sets", json=frame)).raise_for_status()
        heavy = await here.therapist(90)
        for day, hour, at, is_heavy in wishes:
            who = heavy if is_heavy else here.therapist_id
            await here.hear(here.request(soon(day, 2 * hour), room_id=made[at][0], therapist_id=who))
        before = await state(here)
        seen = await change(here, room, bar, other, "?dry_run=true")
        assert seen.status_code == 200 and seen.json()["dry_run"] is True, seen.text
        assert await state(here) == before
        done = await change(here, room, bar, other, "")
        assert done.status_code in (200, 201), done.text
        assert {name: done.json()[name] for name in LISTS} == {name: seen.json()[name] for name in LISTS}
        assert await state(here) != before

    loop = asyncio.get_running_loop()
    wish = st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(0, 2), st.booleans())

    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), database=None, print_blob=True)
    @given(wishes=st.lists(wish, max_size=12))
    def drawn(wishes: list[tuple[int, int, int, bool]]) -> None:
        asyncio.run_coroutine_threadsafe(example(wishes), loop).result(60)

    # In a thread, because Hypothesis is synchronous and the service lives on this loop.
    await asyncio.to_thread(drawn)


async def state(spa: Spa) -> Any:
    """Everything a dry run could have left: rows, events, audit."""
    rows = await spa.sql(
        """SELECT
             (SELECT count(*) FROM outbox) AS events, (SELECT count(*) FROM audit_log) AS audits,
             (SELECT jsonb_agg(to_jsonb(a) ORDER BY appointment_id) FROM assignments a WHERE branch_id = $1) AS live,
             (SELECT jsonb_agg(to_jsonb(b) ORDER BY id) FROM bars b WHERE branch_id = $1) AS bars,
             (SELECT jsonb_agg(to_jsonb(k) ORDER BY id) FROM room_closures k WHERE branch_id = $1) AS closures,
             (SELECT count(*) FROM inspections WHERE branch_id = $1) AS inspections,
             (SELECT count(*) FROM record_entries WHERE branch_id = $1) AS entries,
             (SELECT count(*) FROM lockouts WHERE branch_id = $1) AS lockouts,
             (SELECT count(*) FROM assignment_history WHERE branch_id = $1) AS history""",
        spa.branch_id,
    )
    return dict(rows[0])


async def test_a_dry_run_is_refused_as_the_change_would_be(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    patch = await spa.http.patch(f"/v1/bars/{bar}?dry_run=true", json={"in_service": False})
    assert patch.status_code == 428
    low = spa.signed_in("rooms:read", "rooms:write")
    denied = await low.patch(f"/v1/bars/{bar}?dry_run=true", json={"rated_load_kg": 100}, headers=ANY)
    assert denied.status_code == 403
    wrong = await inspected(spa, bar, "?dry_run=true", "pass", valid_until="2020-01-01")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "valid_until_too_early")
    moved = await spa.http.post(f"/v1/bar-sets/{new_id()}/move?dry_run=true", json={"room_id": str(room)})
    assert moved.status_code == 404


async def test_a_dry_run_and_the_change_itself_are_two_requests_of_one_idempotency_key(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    session = await spa.book(soon(1), room_id=room)
    key = {"Idempotency-Key": new_id().hex}
    path = f"/v1/bars/{bar}/lockouts"
    seen = await spa.http.post(f"{path}?dry_run=true", json={"reason": "x"}, headers=key)
    assert seen.json()["revoked"] == [str(session)]
    clash = await spa.http.post(path, json={"reason": "x"}, headers=key)
    assert (clash.status_code, clash.json()["code"]) == (422, "idempotency_key_reused")
    assert (await spa.assignment(session))["state"] == "assigned"
