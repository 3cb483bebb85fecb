"""Random chains for Hypothesis, and how one is put into the real database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shared.events.room_equipment import ClearancePeriod, LoadProfileChanged, RoomClearanceChanged, RoomRegistered
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, every_day, iso
from tests.scheduling.oracle import BranchOf, RoomOf, ShiftOf, Span, TherapistOf, World, instant_of, minute_of

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Etc/UTC"]
HOURS = [
    [["00:00", "24:00"]], [["10:00", "22:00"]], [["18:00", "02:30"]], [["09:00", "13:00"], ["14:00", "24:00"]],
    [["22:00", "06:00"]], [["01:30", "03:15"]], [["12:00", "12:00"]],
]  # fmt: skip
SHIFTS = [(0, 1440), (600, 1320), (1080, 1620), (600, 840), (840, 1100), (90, 200)]


def changes_of(zone: str) -> list[date]:
    """The next two local days whose clock changes, or two others."""
    day = datetime.now(UTC).date() + timedelta(days=4)
    found: list[date] = []
    while len(found) < 2 and day < datetime.now(UTC).date() + timedelta(days=380):
        offsets = {
            datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)).utcoffset() for hour in (0, 23)
        }  # fmt: skip
        found += [day] if len(offsets) > 1 else []
        day += timedelta(days=1)
    return found or [datetime.now(UTC).date() + timedelta(days=n) for n in (9, 30)]


def spans(first: int, last: int, longest: int, most: int) -> st.SearchStrategy[list[Span]]:
    """Stretches around what is searched, at any minute but most often on a quarter of an hour."""
    starts = st.one_of(st.integers(first - 300, last + 200).map(lambda m: m - m % 15), st.integers(first - 300, last))
    lengths = st.one_of(st.sampled_from([30, 60, 75, 90]), st.integers(1, longest))
    return st.lists(st.tuples(starts, lengths).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=most)


def apart(found: list[Any]) -> list[Any]:
    """Those that begin after the one before has ended; what the database would refuse is left out."""
    kept: list[Any] = []
    for span in sorted(found, key=lambda item: (item[0], item[1] or 1 << 40)):
        if not kept or (kept[-1][1] is not None and span[0] >= kept[-1][1]):
            kept.append(span)
    return kept


@st.composite
def worlds(draw: st.DrawFn) -> World:
    branches = draw(
        st.lists(st.builds(BranchOf, st.sampled_from(ZONES), st.sampled_from(HOURS)), min_size=1, max_size=2)
    )
    zone = branches[0].zone
    day = draw(st.sampled_from(changes_of(zone)))
    first = minute_of(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))) + draw(st.integers(-600, 600))
    last = first + draw(st.sampled_from([300, 900, 1440, 2000]))
    near = {"first": first, "last": last}
    for branch in branches:
        branch.closures = draw(spans(**near, longest=400, most=1))
    numbers = list(range(len(branches)))
    people = [draw(therapist(numbers, day, **near)) for _ in range(draw(st.integers(1, 3)))]
    rooms = [draw(room(numbers, len(people), **near)) for _ in range(draw(st.integers(1, 3)))]
    bar = draw(st.sampled_from([True, True, False]))
    return World(
        branches, people, rooms, minutes=draw(st.sampled_from([30, 50, 60, 90, 105])),
        turnover=draw(st.sampled_from([0, 15, 20])), bar=bar, skilled=draw(st.booleans()),
        client_busy=draw(spans(**near, longest=100, most=1)), **near,
    )  # fmt: skip


@st.composite
def therapist(draw: st.DrawFn, branches: list[int], day: date, first: int, last: int) -> TherapistOf:
    hers = draw(st.lists(st.sampled_from(branches), min_size=1, unique=True))
    shifts = [
        ShiftOf(draw(st.sampled_from(hers)), *draw(st.sampled_from(SHIFTS))) for _ in range(draw(st.integers(1, 3)))
    ]
    # One list, so that no two overlap: the same constraint keeps sessions and holds apart.
    taken = apart(draw(spans(first, last, longest=120, most=5)))
    held = draw(st.integers(0, len(taken)))
    return TherapistOf(
        hers, shifts,
        certified_until=draw(st.sampled_from([date(2200, 12, 31), day, day + timedelta(days=1), None])),
        load=draw(st.sampled_from(["valid", "valid", "valid", "stale", None])),
        busy=taken[held:], holds=[(span, draw(st.booleans())) for span in taken[:held]],
        away=draw(spans(first, last, longest=300, most=1)), active=draw(st.sampled_from([True, True, True, False])),
    )  # fmt: skip


@st.composite
def room(draw: st.DrawFn, branches: list[int], people: int, first: int, last: int) -> RoomOf:
    excluded = st.lists(st.integers(0, people - 1), max_size=people, unique=True)
    starts = st.integers(first - 600, last).map(lambda m: m - m % 15)
    lengths = st.sampled_from([60, 240, 720, 2880, None])
    periods = draw(st.lists(st.tuples(starts, lengths, excluded), max_size=3))
    ended = [(start, None if length is None else start + length, who) for start, length, who in periods]
    return RoomOf(
        draw(st.sampled_from(branches)), draw(st.sampled_from([0, 15, 30])),
        draw(st.sampled_from([True, True, True, False])), busy=draw(spans(first, last, longest=120, most=3)),
        periods=apart(ended),
    )  # fmt: skip


@dataclass(frozen=True)
class Built:
    """The ids of a world, in its order."""

    branches: list[str]
    therapists: list[str]
    treatment: str
    client: str


async def build(chain: Chain, world: World) -> Built:
    branches = [await chain.branch(branch.zone, every_day(*branch.hours)) for branch in world.branches]
    for id, branch in zip(branches, world.branches, strict=True):
        for span in branch.closures:
            await chain.post(f"/v1/branches/{id}/closures", _times(span))
    people = [await _hire(chain, who, world, branches) for who in world.therapists]
    treatment = await chain.treatment(
        bar=world.bar, minutes=world.minutes, turnover=world.turnover,
        skill="back-stepping" if world.skilled else None,
    )  # fmt: skip
    for room in world.rooms:
        await _furnish(chain, room, branches[room.branch], people)
    client = await chain.client(*branches)
    await chain.sql_all(
        "INSERT INTO appointments (id, status, version, attempt, branch_id, treatment_id, client_id, therapist_named,"
        " room_flexible, starts_at, ends_at, starts_local, timezone, turnover_minutes, requires_bar, created_by)"
        " VALUES (:id, 'pending', 1, 1, :branch, :treatment, :client, false, true, :a, :b, now()::timestamp, 'Etc/UTC',"
        " 0, false, 'test')",
        [{"id": new_id(), "branch": UUID(branches[0]), "treatment": UUID(treatment), "client": UUID(client),
          "a": instant_of(a), "b": instant_of(b)} for a, b in world.client_busy],
    )  # fmt: skip
    return Built(branches, people, treatment, client)


async def _hire(chain: Chain, who: TherapistOf, world: World, branches: list[str]) -> str:
    skills = (
        [] if who.certified_until is None else [{"skill": "back-stepping", "certified_until": str(who.certified_until)}]
    )
    body = {"name": "T", "branch_ids": [branches[n] for n in who.branches], "skills": skills, "active": who.active}
    id = str((await chain.post("/v1/therapists", body))["id"])
    for shift in who.shifts:
        zone = ZoneInfo(world.branches[shift.branch].zone)
        day = instant_of(world.first).astimezone(zone).replace(hour=0, minute=0, second=0) - timedelta(days=4)
        starts, ends = (day + timedelta(minutes=minute) for minute in (shift.starts, shift.ends))
        times = {"starts_at": starts.isoformat(), "ends_at": ends.isoformat(), "repeat": "FREQ=DAILY"}
        await chain.post(f"/v1/therapists/{id}/shifts", {"branch_id": branches[shift.branch], **times})
    for span in who.away:
        await chain.post(f"/v1/therapists/{id}/time-off", _times(span))
    claims = [(span, None) for span in who.busy] + [
        (span, datetime.now(UTC) + timedelta(hours=9 if good else -1)) for span, good in who.holds
    ]
    await chain.sql_all(
        "INSERT INTO therapist_claims VALUES (:id, 1, :who, tstzrange(:a, :b), :until)",
        [{"id": new_id(), "who": UUID(id), "a": instant_of(a), "b": instant_of(b), "until": until}
         for (a, b), until in claims],
    )  # fmt: skip
    if who.load is not None:
        await chain.hear(LoadProfileChanged(therapist_id=UUID(id), version=1, state=who.load))
    return id


async def _furnish(chain: Chain, room: RoomOf, branch: str, people: list[str]) -> None:
    id, at = new_id(), {"branch_id": UUID(branch)}
    await chain.hear(
        RoomRegistered(
            room_id=id, version=1, code="R", turnover_minutes=room.turnover, in_service=room.in_service, **at
        )
    )
    periods = [
        ClearancePeriod(
            starts_at=instant_of(from_), ends_at=None if until is None else instant_of(until),
            excluded_therapist_ids=[UUID(people[n]) for n in excluded],
        )
        for from_, until, excluded in room.periods
    ]  # fmt: skip
    await chain.hear(RoomClearanceChanged(room_id=id, version=1, periods=periods, **at))
    await chain.sql_all(
        "INSERT INTO assignments_seen VALUES (:id, 1, :room, tstzrange(:a, :b))",
        [{"id": new_id(), "room": id, "a": instant_of(a), "b": instant_of(b)} for a, b in room.busy],
    )


def _times(span: Span) -> dict[str, str]:
    return {"starts_at": iso(instant_of(span[0])), "ends_at": iso(instant_of(span[1]))}
