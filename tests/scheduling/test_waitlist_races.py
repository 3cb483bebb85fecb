"""The waitlist when everything happens at once: one winner, nothing left behind, nobody asked out of turn."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from services.scheduling.handlers import offer_answers
from services.scheduling.handlers.line import move_on
from services.scheduling.jobs import JOBS
from services.scheduling.store import offers
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.jobs import run_once
from tests.scheduling.builders import Chain, Place, iso, somebody_waits, tomorrow
from tests.scheduling.test_races import settle
from tests.scheduling.waiting import answer, cancel, join, let_lapse, move, offer, only_slot, states, window

[WAITLIST] = [job for job in JOBS if job.name == "scheduling.waitlist"]
PREFER = {"Prefer": "wait=0"}


async def post(chain: Chain, path: str, body: dict[str, Any]) -> httpx.Response:
    return await chain.http.post(path, json=body, headers=PREFER)


async def hold_and_confirm(chain: Chain, place: Place, at: Any) -> httpx.Response:
    held = await post(chain, "/v1/holds", {**place.wish(at), "client_id": None})
    if held.status_code != 201:
        return held
    return await post(chain, f"/v1/holds/{held.json()['id']}/confirm", {"client_id": place.client_id})


async def accept_when_offered(chain: Chain, entry: dict[str, Any], tries: int = 12) -> list[httpx.Response]:
    """Client and desk at once, as soon as there is something to accept."""
    for _ in range(tries):
        found = (await chain.get("/v1/waitlist/offers", entry_id=entry["id"], state="open"))["items"]
        if found:
            return await asyncio.gather(*(answer(chain, found[0], "accept") for _ in range(4)))
        await chain.run(move_on)
    return []


async def one_round(chain: Chain, place: Place, at: Any, booked: dict[str, Any], movers: list[str]) -> str:
    """The slot is given back while a hundred want it in five ways. Says which way won."""
    day = (at.date() - tomorrow(days=0).date()).days
    entries = [await join(chain, place, window(day, time_from="10:00", time_to="10:15")) for _ in range(6)]
    await move(chain)
    answers = await asyncio.gather(
        cancel(chain, booked),
        *(post(chain, "/v1/appointments", place.wish(at)) for _ in range(24)),
        *(hold_and_confirm(chain, place, at) for _ in range(24)),
        *(post(chain, f"/v1/appointments/{id}/reschedule", {"starts_at": iso(at)}) for id in movers),
        *(accept_when_offered(chain, each) for each in entries),
        *(chain.run(move_on) for _ in range(6)),
        return_exceptions=True,
    )
    assert not [each for each in answers if isinstance(each, BaseException)], answers
    await settle(chain, place)
    await move(chain)
    live = await chain.sql(
        "SELECT appointment_id, expires_at FROM therapist_claims"
        " WHERE therapist_id = :id AND during && tstzrange(:a, :b)",
        id=UUID(place.therapist_ids[0]), a=at, b=at + timedelta(hours=1),
    )  # fmt: skip
    if not live:
        return "nobody"
    [claim] = live
    stands = await states(chain, *entries)
    if claim.expires_at is not None:  # still an offer: it is somebody's turn
        assert stands.count("offered") == 1
        way = "offered"
    else:
        won = await chain.get(f"/v1/appointments/{claim.appointment_id}")
        assert won["status"] == "confirmed"
        assert "offered" not in stands
        way = "offer" if "booked" in stands else "move" if won["id"] in movers else "booking"
    for each in entries:
        await chain.http.delete(f"/v1/waitlist/{each['id']}")
    return way


async def nothing_left(chain: Chain, place: Place) -> None:
    """Every claim is of a live appointment or an open hold, and no offer or hold outlives its entry."""
    rows = await chain.sql(
        """SELECT c.appointment_id FROM therapist_claims c LEFT JOIN appointments a ON a.id = c.appointment_id
           LEFT JOIN holds h ON h.id = c.appointment_id
           WHERE c.therapist_id = :id AND NOT (a.status IN ('confirmed', 'pending') AND c.attempt = a.attempt
               OR a.id IS NULL AND h.state = 'held')""",
        id=UUID(place.therapist_ids[0]),
    )
    assert rows == []
    rows = await chain.sql(
        """SELECT o.id FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id
           WHERE o.branch_id = :id AND (o.state = 'open') <> (e.state = 'offered' AND EXISTS (
               SELECT FROM therapist_claims c WHERE c.appointment_id = o.id AND c.expires_at IS NOT NULL))
             AND o.id = (SELECT max(p.id::text)::uuid FROM waitlist_offers p WHERE p.entry_id = e.id)""",
        id=UUID(place.branch_id),
    )
    assert rows == []


async def test_a_hundred_want_a_freed_hour_in_five_ways_and_one_has_it(chain: Chain) -> None:
    place, _ = await only_slot(chain)
    therapist = place.therapist_ids[0]
    for days in (2, 3, 4):
        for hour in (10, 14, 18, 22):  # sessions to be moved; ten o'clock is what everybody wants
            start = tomorrow(hour, days=days)
            shift = {"branch_id": place.branch_id, "starts_at": iso(start), "ends_at": iso(start + timedelta(hours=1))}
            await chain.post(f"/v1/therapists/{therapist}/shifts", shift)
    won: Counter[str] = Counter()
    for days in (2, 3, 4):
        at = tomorrow(10, days=days)
        booked = await chain.confirmed(place, at)
        movers = [(await chain.confirmed(place, tomorrow(hour, days=days)))["id"] for hour in (14, 18, 22)]
        won[await one_round(chain, place, at, booked, movers)] += 1
        await nothing_left(chain, place)
    assert won["nobody"] == 0, won


async def test_an_offer_in_its_last_moment_has_one_outcome(chain: Chain) -> None:
    """Accepted, declined, lapsed, its entry withdrawn, its hold released and its hour booked: all at once."""
    outcomes: Counter[str] = Counter()
    for _ in range(6):
        place, booked = await only_slot(chain)
        first, second = [await join(chain, place) for _ in range(2)]
        await cancel(chain, booked)
        await move(chain)
        asked = await offer(chain, first)
        await asyncio.gather(
            *(answer(chain, asked, "accept") for _ in range(3)),
            *(answer(chain, asked, "decline") for _ in range(2)),
            let_lapse(chain, asked),
            chain.http.delete(f"/v1/waitlist/{first['id']}"),
            chain.http.delete(f"/v1/holds/{asked['id']}"),
            *(chain.run(move_on) for _ in range(3)),
            *(post(chain, "/v1/appointments", place.wish(tomorrow(10))) for _ in range(4)),
        )
        await settle(chain, place)
        await move(chain)
        await nothing_left(chain, place)
        now = (await chain.get(f"/v1/waitlist/offers/{asked['id']}"))["state"]
        assert now in ("booked", "declined", "lapsed", "withdrawn", "refused")
        state, after = await states(chain, first, second)
        assert (state == "booked") == (now == "booked")
        assert after == ("waiting" if now == "booked" else "offered")
        outcomes[now] += 1
    print(outcomes)


async def test_a_therapist_of_two_branches_is_offered_in_one_of_them(chain: Chain) -> None:
    here, there = [await chain.place(therapists=0, bar=False) for _ in range(2)]
    shared = await chain.therapist(here.branch_id, there.branch_id)
    here.therapist_ids.append(shared)
    there.therapist_ids.append(shared)
    at: dict[str, Any] = {"time_from": "10:00", "time_to": "10:45"}  # starts that overlap each other
    entries = [await join(chain, place, window(3, **at)) for place in (here, there) for _ in range(4)]
    wishes = [place.wish(tomorrow(10, minute, days=3)) for place in (here, there) for minute in (0, 20, 40)]
    await asyncio.gather(
        *(chain.run(move_on) for _ in range(12)),
        *(post(chain, "/v1/appointments", wish) for wish in wishes),
        *(hold_and_confirm(chain, place, tomorrow(10, 10, days=3)) for place in (here, there)),
        *(accept_when_offered(chain, each) for each in entries),
    )
    for place in (here, there):
        await settle(chain, place)
    await move(chain)
    twice = await chain.sql(
        """SELECT 1 FROM therapist_claims a JOIN therapist_claims b ON a.therapist_id = b.therapist_id
           AND a.appointment_id < b.appointment_id AND a.during && b.during"""
    )
    assert twice == []
    live = await chain.sql("SELECT 1 FROM therapist_claims WHERE therapist_id = :id", id=UUID(shared))
    assert len(live) == 1
    await nothing_left(chain, here)
    await nothing_left(chain, there)


async def test_two_instances_offer_each_hour_once_and_in_order(chain: Chain) -> None:
    """The job in two processes at once, and the line moved beside it by those who answer."""
    place = await chain.place(therapists=2, rooms=2, bar=False)
    entries = [await join(chain, place, window(5, time_from="10:00", time_to="10:15")) for _ in range(6)]
    await asyncio.gather(
        *(run_once(chain.database, WAITLIST, timedelta(0)) for _ in range(6)), *(chain.run(move_on) for _ in range(6))
    )
    await move(chain)
    assert await states(chain, *entries) == ["offered"] * 2 + ["waiting"] * 4
    asked = [await offer(chain, each) for each in entries[:2]]
    await asyncio.gather(*(answer(chain, each, "decline") for each in asked))
    assert await states(chain, *entries) == ["waiting"] * 2 + ["offered"] * 2 + ["waiting"] * 2
    made = await chain.sql("SELECT entry_id, count(*) AS n FROM waitlist_offers WHERE branch_id = :id GROUP BY 1",
                           id=UUID(place.branch_id))  # fmt: skip
    assert Counter(row.n for row in made) == {1: 4}


async def test_whoever_hands_on_never_waits_for_an_erasure_that_waits_for_the_line(chain: Chain) -> None:
    place = await chain.place(bar=False)
    async with chain.database.transaction() as tx:
        await offers.take_line(tx)
        erasing = asyncio.create_task(chain.http.delete(f"/v1/clients/{place.client_id}"))
        await somebody_waits(chain)
        client = "SELECT FROM clients WHERE id = :id FOR KEY SHARE NOWAIT"
        await tx.run(client, {"id": UUID(place.client_id)})  # as the hold of an offer does, which names them
    assert (await erasing).status_code == 204


_A_LONG_LOOK = """
CREATE FUNCTION passes() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('test.looks_long', true) = 'yes' THEN
        PERFORM pg_advisory_xact_lock_shared(99);
    END IF;
    RETURN true;
END $$;
CREATE POLICY passes ON waitlist_entries USING (passes());
ALTER TABLE waitlist_entries ENABLE ROW LEVEL SECURITY;
SELECT pg_advisory_lock(99);
"""
_NO_MORE = "ALTER TABLE waitlist_entries DISABLE ROW LEVEL SECURITY; DROP FUNCTION passes CASCADE"


async def test_a_yes_in_the_last_moment_is_no_refusal_to_the_clock_that_looks_at_that_moment(chain: Chain) -> None:
    place, booked = await only_slot(chain, 11)
    first = await join(chain, place)
    await cancel(chain, booked)
    await move(chain)
    told = await offer(chain, first)
    who = Principal("desk", "desk", frozenset(), None, None, "", 0.0)
    soon = "UPDATE waitlist_offers SET expires_at = clock_timestamp() + interval '1 s' WHERE id = :id"
    await chain.sql_all(soon, [{"id": UUID(told["id"])}])
    admin = await asyncpg.connect(chain.servers.admin_url)
    await admin.execute(_A_LONG_LOOK)

    async def looks_long(tx: Transaction) -> int:
        await tx.run("SET LOCAL test.looks_long = 'yes'")
        return await move_on(tx)

    try:
        async with asyncio.timeout(10), chain.database.transaction() as tx:
            await offer_answers.accept(tx, who, UUID(told["id"]))
            over = "SELECT 1 FROM waitlist_offers WHERE id = :id AND expires_at <= clock_timestamp()"
            while not await chain.sql(over, id=UUID(told["id"])):
                await asyncio.sleep(0.01)
            looking = asyncio.create_task(chain.run(looks_long))
            await somebody_waits(chain)
        await admin.execute("SELECT pg_advisory_unlock(99)")
        await looking
    finally:
        await admin.execute(_NO_MORE)
        await admin.close()
    assert await states(chain, first) == ["accepted"]
    assert (await chain.get(f"/v1/waitlist/offers/{told['id']}"))["state"] == "accepted"
    await move(chain)
    assert (await chain.get(f"/v1/appointments/{told['id']}"))["status"] == "pending"
    assert await states(chain, first) == ["accepted"]
