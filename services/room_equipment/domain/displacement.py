"""Where sessions go that lost their room (rules: Displacement).

Most sessions kept at their time, then fewest changes (each kept one is one change, as none can stay), then lowest ids:
in the order of appointment ids, each gets the lowest room id that any best solution gives it.
Sessions that compete for a room form a component; components are independent of each other, so each is solved alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from services.room_equipment.domain.clearance import Cleared, limit_over
from services.room_equipment.domain.placement import Room

Interval = tuple[datetime, datetime]

SEARCH_SIZE = 40  # sessions; larger components go to the solver at once
SEARCH_STEPS = 500  # a few milliseconds; a component that needs more goes to the solver


@dataclass(frozen=True, slots=True)
class Session:
    """A displaced session: it keeps its time, so only its room is open."""

    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime
    turnover_minutes: int
    requires_bar: bool
    load_kg: Decimal | None
    flexible: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """The rooms one session could move to, each with the time it would block there."""

    appointment_id: UUID
    rooms: Mapping[UUID, Interval]


Component = Sequence[Options]
"""Sessions that compete, in the order of their ids."""

Solution = tuple[dict[UUID, UUID], bool]
"""{appointment_id: room_id} of those that stay at their time, and whether it is proved to be the best."""

Solver = Callable[[Sequence[Component]], Solution]


def stands(session: Session, periods: Sequence[Cleared], moment: datetime, until: datetime) -> bool:
    """Whether a back-stepping session keeps its room, given what is cleared there from `moment` on.

    `until` is when the room is free again. What lies before `moment` was decided then, and stays.
    """
    start = max(session.starts_at, moment)
    if start >= until:
        return True
    limit = limit_over(periods, start, until)
    return isinstance(limit, Decimal) and session.load_kg is not None and session.load_kg <= limit


def options_of(session: Session, rooms: Iterable[Room]) -> Options:
    """Rooms that are free, cleared to the very end and strong enough. `busy` must not hold the displaced ones."""
    found: dict[UUID, Interval] = {}
    for room in rooms if session.flexible else ():
        until = room.blocked_until(session.ends_at, session.turnover_minutes)
        if room.closed_at(session.starts_at, until) or not room.is_free(
            session.appointment_id, session.starts_at, until
        ):
            continue
        if session.requires_bar:
            limit = limit_over(room.cleared, session.starts_at, until)
            if isinstance(limit, datetime) or session.load_kg is None or session.load_kg > limit:
                continue
        found[room.id] = (session.starts_at, until)
    return Options(session.appointment_id, dict(sorted(found.items())))


def overlap(a: Interval, b: Interval) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def components(options: Sequence[Options]) -> list[list[Options]]:
    """Sessions joined where two could want one room at one time; each component in the order of ids."""
    parent = list(range(len(options)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    wanting: dict[UUID, list[tuple[datetime, datetime, int]]] = defaultdict(list)
    for i, option in enumerate(options):
        for room_id, (start, end) in option.rooms.items():
            wanting[room_id].append((start, end, i))
    for wants in wanting.values():
        wants.sort()
        last_end, last = None, 0
        for start, end, i in wants:
            if last_end is not None and start < last_end:
                parent[root(i)] = root(last)
            if last_end is None or end > last_end:
                last_end, last = end, i
    groups: dict[int, list[Options]] = defaultdict(list)
    for i, option in enumerate(options):
        groups[root(i)].append(option)
    return [sorted(group, key=lambda o: o.appointment_id) for group in groups.values()]


def resolve(options: Sequence[Options], solver: Solver) -> Solution:
    """The best rooms for all. `solver` is asked only where many sessions compete, and once for all of them."""
    moved: dict[UUID, UUID] = {}
    optimal = True
    hard: list[Component] = []
    for component in components([option for option in options if option.rooms]):
        found = search(component)
        if found is None:
            hard.append(component)
        else:
            moved |= found
    if hard:
        found, optimal = solver(hard)
        moved |= found
    return moved, optimal


def greedy(component: Component) -> dict[UUID, UUID]:
    """Good, and at once: whoever is out first, in the room that others want least. Where a search begins."""
    wanted: dict[UUID, int] = defaultdict(int)
    for option in component:
        for room in option.rooms:
            wanted[room] += 1
    free_from: dict[UUID, list[Interval]] = defaultdict(list)
    kept: dict[UUID, UUID] = {}
    for option in sorted(component, key=lambda o: (max(end for _, end in o.rooms.values()), o.appointment_id)):
        for room, interval in sorted(option.rooms.items(), key=lambda item: (wanted[item[0]], item[0])):
            if not any(overlap(interval, taken) for taken in free_from[room]):
                free_from[room].append(interval)
                kept[option.appointment_id] = room
                break
    return kept


def search(component: Component, steps: int = SEARCH_STEPS) -> dict[UUID, UUID] | None:
    """The best rooms of a small component, by looking at everything that could be better; None when that is too much.

    Answers come in the order of preference, the lowest room for the lowest id first and no room last, so the first one
    that keeps the most is the best.
    """
    size = len(component)
    if size > SEARCH_SIZE:
        return None
    rivals = [
        {
            room: [j for j in range(i) if room in component[j].rooms and overlap(component[j].rooms[room], interval)]
            for room, interval in component[i].rooms.items()
        }
        for i in range(size)
    ]
    chosen: list[UUID | None] = [None] * size
    best: list[UUID | None] = []
    most = -1

    def look(i: int, kept: int) -> bool:
        """Whether there were steps enough to look at all that begins with the first `i` as chosen."""
        nonlocal best, most, steps
        steps -= 1
        if steps < 0:
            return False
        if kept + size - i <= most:
            return True
        if i == size:
            best, most = chosen.copy(), kept
            return True
        for room, others in rivals[i].items():
            if all(chosen[j] != room for j in others):
                chosen[i] = room
                if not look(i + 1, kept + 1):
                    return False
        chosen[i] = None
        return look(i + 1, kept)

    if not look(0, 0):
        return None
    return {o.appointment_id: room for o, room in zip(component, best, strict=True) if room is not None}
