"""Each number of each report against a look at every minute and every session, over both clock changes."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, every_day

EXAMPLES = settings(
    max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
ZONE = ZoneInfo("Europe/Berlin")
HOURS = (("12:00", "02:30"), ("09:00", "11:00"))
# Over a day of 23 hours, one of 25, and an ordinary week that ends a month.
STARTS = (date(2026, 3, 28), date(2026, 10, 24), date(2026, 6, 28))
DAYS = 4
BOOKED = ("confirmed", "needs_attention", "checked_in", "in_progress", "completed", "no_show")
MINUTE = timedelta(minutes=1)
Span = tuple[datetime, datetime]


@dataclass
class Session:
    therapist: str
    treatment: str
    start: datetime
    end: datetime
    status: str
    price: dict[str, Any] | None
    past: list[tuple[str, UUID | None]]
    reason: str | None = None
    late: bool = False
    fee: dict[str, Any] | None = None
    id: UUID = field(default_factory=new_id)

    @property
    def day(self) -> date:
        return self.start.astimezone(ZONE).date()

    @property
    def certain(self) -> bool:
        return any(status == "confirmed" for status, _ in self.past)


@dataclass
class World:
    first: date
    branch: str
    treatments: list[str]
    shifts: dict[str, list[Span]]
    away: dict[str, list[Span]]
    closures: list[Span]
    sessions: list[Session]

    @property
    def last(self) -> date:
        return self.first + timedelta(days=DAYS - 1)

    def minutes(self) -> Iterator[tuple[date, datetime]]:
        at, end = wall(self.first, 0), wall(self.last + timedelta(days=1), 0)
        while at < end:
            yield at.astimezone(ZONE).date(), at
            at += MINUTE

    def is_open(self, at: datetime) -> bool:
        today = at.astimezone(ZONE).date()
        for day in (today, today - timedelta(days=1)):
            for opens, closes in HOURS:
                start, end = minute(opens), minute(closes)
                if wall(day, start) <= at < wall(day, end if end > start else end + 24 * 60):
                    return not within(self.closures, at)
        return False


def minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def wall(day: date, minutes: int) -> datetime:
    return (datetime.combine(day, time()) + timedelta(minutes=minutes)).replace(tzinfo=ZONE).astimezone(UTC)


def within(spans: list[Span], at: datetime) -> bool:
    return any(start <= at < end for start, end in spans)


async def build(chain: Chain, chance: random.Random) -> World:
    first = chance.choice(STARTS)
    branch = await chain.branch("Europe/Berlin", every_day(*[list(pair) for pair in HOURS]))
    treatments = [await chain.treatment() for _ in range(2)]
    people = [await chain.therapist(branch, shift=False, load=False) for _ in range(2)]
    start, length = wall(first, 0), DAYS * 24 * 60

    def span(longest: int) -> Span:
        begins = start + MINUTE * chance.randrange(-300, length + 60)
        return begins, begins + MINUTE * chance.randrange(5, longest)

    shifts = {who: [span(700) for _ in range(chance.randrange(6))] for who in people}
    away = {who: [span(500) for _ in range(chance.randrange(3))] for who in people}
    world = World(first, branch, treatments, shifts, away, [span(400) for _ in range(chance.randrange(3))], [])
    world.sessions = [session(chance, world, people, span(200)) for _ in range(chance.randrange(25))]
    await store(chain, world)
    return world


def session(chance: random.Random, world: World, people: list[str], span: Span) -> Session:
    status = chance.choice([*BOOKED, "completed", "cancelled", "cancelled", "rejected", "pending"])
    room, other = new_id(), new_id()
    past: list[tuple[str, UUID | None]] = [("pending", None)]
    if status not in ("rejected", "pending") and (status != "cancelled" or chance.random() < 0.8):
        past.append(("confirmed", room))
        past += [("confirmed", other)] if chance.random() < 0.3 else []  # moved by the system
        past += [("needs_attention", None)] if chance.random() < 0.3 or status == "needs_attention" else []
        past += [("pending", None), ("confirmed", room)] if chance.random() < 0.2 else []  # moved by a person
    past.append((status, other if status in BOOKED and status != "needs_attention" else None))
    if status == past[-2][0] == "confirmed":
        past.pop()
    made = Session(chance.choice(people), chance.choice(world.treatments), *span, status, money(chance), past)
    if status == "cancelled":
        made.reason = chance.choice(["client", "branch", "displaced"])
        made.late = made.reason == "client" and made.certain and chance.random() < 0.5
        made.fee = money(chance) if made.late else None
    return made


def money(chance: random.Random) -> dict[str, Any] | None:
    return chance.choice([None, *({"amount": chance.randrange(1, 9999), "currency": c} for c in ("EUR", "CNY"))])


async def store(chain: Chain, world: World) -> None:
    for who, spans in world.shifts.items():
        for start, end in spans:
            await chain.sql(
                "WITH s AS (INSERT INTO shifts (id, therapist_id, branch_id, starts_local, ends_local, expanded_until)"
                " VALUES (:id, :who, :branch, CAST(:a AS timestamptz) AT TIME ZONE 'UTC',"
                " CAST(:b AS timestamptz) AT TIME ZONE 'UTC', now()) RETURNING id) SELECT * FROM s",
                id=(id := new_id()), who=UUID(who), branch=UUID(world.branch), a=start, b=end,
            )  # fmt: skip
            await chain.sql_all(
                "INSERT INTO shift_windows VALUES (:id, :who, :branch, tstzrange(:a, :b))",
                [{"id": id, "who": UUID(who), "branch": UUID(world.branch), "a": start, "b": end}],
            )
        await chain.sql_all(
            "INSERT INTO time_off (id, therapist_id, during) VALUES (:id, :who, tstzrange(:a, :b))",
            [{"id": new_id(), "who": UUID(who), "a": a, "b": b} for a, b in world.away[who]],
        )
    await chain.sql_all(
        "INSERT INTO closures (id, branch_id, during) VALUES (:id, :branch, tstzrange(:a, :b))",
        [{"id": new_id(), "branch": UUID(world.branch), "a": a, "b": b} for a, b in world.closures],
    )
    client = UUID(await chain.client(world.branch))
    await chain.sql_all(
        "INSERT INTO appointments (id, status, version, attempt, branch_id, treatment_id, client_id, therapist_id,"
        " therapist_named, room_id, room_flexible, starts_at, ends_at, starts_local, timezone, turnover_minutes,"
        " requires_bar, created_by, code, cancel_reason, cancelled, prices) VALUES (:id, :status, 1, 1, :branch, :what,"
        " :client, :who, false, :room, true, :a, :b, now()::timestamp, 'Europe/Berlin', 0, false, 'test',"
        " CASE WHEN :rejected THEN 'slot_taken' END, :reason, CAST(:cancelled AS jsonb), CAST(:prices AS jsonb))",
        [{"id": s.id, "status": s.status, "branch": UUID(world.branch), "what": UUID(s.treatment), "client": client,
          "who": UUID(s.therapist), "room": s.past[-1][1], "a": s.start, "b": s.end, "reason": s.reason,
          "rejected": s.status == "rejected", "prices": {s.treatment: s.price},
          "cancelled": {"late": s.late, "fee": s.fee} if s.status == "cancelled" else None} for s in world.sessions],
    )  # fmt: skip
    await chain.sql_all(
        "INSERT INTO appointment_history (appointment_id, version, status, attempt, room_id, starts_at, actor)"
        " VALUES (:id, :n, :status, 1, :room, :a, 'test')",
        [{"id": s.id, "n": n, "status": status, "room": room, "a": s.start}
         for s in world.sessions for n, (status, room) in enumerate(s.past)],
    )  # fmt: skip


Key = tuple[Any, ...]


async def told(chain: Chain, name: str, world: World, by: list[str]) -> dict[Key, dict[str, Any]]:
    days = {"from": str(world.first), "to": str(world.last)}
    answer = await chain.get(f"/v1/reports/{name}", branch_id=world.branch, by=by, per="day", **days)
    keys = ["first_day", *(f"{noun}_id" for noun in by), *(["currency"] if name == "revenue" else [])]
    rows = {tuple(row[key] for key in keys): row for row in answer["items"]}
    assert len(rows) == len(answer["items"])
    return rows


def groups(world: World) -> dict[Key, list[Session]]:
    found = defaultdict(list)
    for s in world.sessions:
        if s.status not in ("rejected", "pending") and world.first <= s.day <= world.last:
            found[str(s.day), s.treatment, s.therapist].append(s)
    return found


@EXAMPLES
@given(chance=st.randoms(use_true_random=False))
async def test_every_number_is_what_a_look_at_every_minute_and_session_finds(
    chain: Chain, chance: random.Random
) -> None:
    world = await build(chain, chance)
    await check_times(chain, world)
    sessions = groups(world)
    rows = await told(chain, "cancellations", world, ["treatment", "therapist"])
    assert rows.keys() == sessions.keys()
    lost = await told(chain, "displaced", world, ["treatment", "therapist"])
    earned = await told(chain, "revenue", world, ["treatment", "therapist"])
    paid: set[Key] = set()
    for key, group in sessions.items():
        check_cancellations(rows[key], group)
        check_displaced(lost[key], group)
        paid |= check_revenue(earned, key, group)
    assert earned.keys() == paid


async def check_times(chain: Chain, world: World) -> None:
    spans: dict[str, list[Span]] = defaultdict(list)
    for s in world.sessions:
        if s.status in BOOKED:
            spans[s.therapist].append((s.start, s.end))
    expected: dict[Key, Counter[str]] = defaultdict(Counter)
    for day, at in world.minutes():
        is_open = world.is_open(at)
        for who in world.shifts:
            on = is_open and within(world.shifts[who], at) and not within(world.away[who], at)
            booked = within(spans[who], at)
            expected[str(day), who].update(available=on, booked=booked, outside=booked and not on)
    rows = await told(chain, "utilisation", world, ["therapist"])
    for key, n in expected.items():
        row = rows.get(key)
        found = (row["available_minutes"], row["booked_minutes"], row["booked_outside_minutes"]) if row else (0, 0, 0)
        assert found == (n["available"], n["booked"], n["outside"]), key
        if row and n["available"]:
            assert row["utilisation"] == pytest.approx((n["booked"] - n["outside"]) / n["available"], abs=1e-4)


def check_cancellations(row: dict[str, Any], group: list[Session]) -> None:
    certain = [s for s in group if s.certain]
    gone = [s for s in certain if s.status == "cancelled"]
    fees = Counter[str]()
    for s in gone:
        if s.late and s.fee:
            fees[s.fee["currency"]] += s.fee["amount"]
    assert (row["booked"], row["cancelled"], row["withdrawn"]) == (len(certain), len(gone), len(group) - len(certain))
    assert row["cancelled_by_reason"] == Counter(s.reason for s in gone)
    assert (row["late"], row["no_shows"]) == (sum(s.late for s in gone), sum(s.status == "no_show" for s in certain))
    assert {fee["currency"]: fee["amount"] for fee in row["late_fees"]} == fees


def check_displaced(row: dict[str, Any], group: list[Session]) -> None:
    found: Counter[str] = Counter()
    for s in (s for s in group if s.certain):
        moved = any(a == b == "confirmed" and x != y for (a, x), (b, y) in zip(s.past, s.past[1:], strict=False))
        if any(status == "needs_attention" for status, _ in s.past):
            found.update({"put_to_a_person": 1, "displaced": 1})
            found[{"needs_attention": "open", "cancelled": "cancelled"}.get(s.status, "kept")] += 1
        elif moved:
            found.update(moved=1, displaced=1)
    names = ("displaced", "moved", "put_to_a_person", "open", "kept", "cancelled")
    assert {name: row[name] for name in names} == {name: found[name] for name in names}


def check_revenue(rows: dict[Key, dict[str, Any]], key: Key, group: list[Session]) -> set[Key]:
    found: dict[Any, Counter[str]] = defaultdict(Counter)
    for s in (s for s in group if s.certain):
        currency, amount = (s.price["currency"], s.price["amount"]) if s.price else (None, 0)
        found[currency]["sessions"] += 1
        if s.status == "completed":
            found[currency]["earned"] += amount
        elif s.status == "no_show":
            found[currency]["no_show_value"] += amount
        elif s.status != "cancelled":
            found[currency]["expected"] += amount
        if s.late and s.fee:
            found[s.fee["currency"]]["late_fees"] += s.fee["amount"]
    for currency, sums in found.items():
        row = rows[(*key, currency)]
        names = ("earned", "expected", "no_show_value", "late_fees")
        assert {name: row[name] for name in names} == {name: sums[name] for name in names}
    return {(*key, currency) for currency in found}
