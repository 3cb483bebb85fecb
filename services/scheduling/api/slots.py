"""Free starts as JSON. Written by hand: a fortnight of one branch is 600 slots of 15 therapists, and an object for each
would cost more than to find them.
"""

from functools import lru_cache
from itertools import compress
from uuid import UUID

from services.scheduling.domain.grid import MINUTE, Grid, moment
from services.scheduling.domain.slots import Free
from services.scheduling.handlers.availability import Found

_CLOCK = [f"T{minute // 60:02}:{minute % 60:02}:00Z" for minute in range(24 * 60)]


def rows(found: Found) -> tuple[list[int], list[bytes]]:
    """The starts, ascending, and the slot of each as JSON."""
    free, treatment = found.free, found.treatment
    return _rows(
        free.grid, tuple(free.people.items()), tuple(free.rooms), found.branch_id, treatment.id,
        treatment.session.duration,
    )  # fmt: skip


@lru_cache(maxsize=32)
def _rows(
    grid: Grid, people: tuple[tuple[UUID, int], ...], rooms: tuple[int, ...], branch_id: UUID, treatment_id: UUID,
    duration: int,
) -> tuple[list[int], list[bytes]]:  # fmt: skip
    """Kept under all that it says: the same masks of the same grid are the same answer."""
    ids = [f'"{id}"' for id, _ in people]
    middle = f'","branch_id":"{branch_id}","treatment_id":"{treatment_id}","therapist_ids":['
    starts, slots = [], []
    for start, who, count in Free(grid, dict(people), list(rooms)).rows():
        starts.append(start)
        slots.append(
            f'{{"starts_at":"{_text(start)}","ends_at":"{_text(start + duration)}{middle}'
            f'{",".join(compress(ids, who))}],"rooms_free":{count}}}'.encode()
        )
    return starts, slots


@lru_cache(maxsize=8192)
def _text(stamp: int) -> str:
    """RFC 3339 in UTC. Starts are whole minutes of some clock, and all clocks of today are of UTC's minutes too."""
    minute, rest = divmod(stamp, MINUTE)
    if rest:
        return moment(stamp).isoformat().replace("+00:00", "Z")
    return _date(minute // 1440) + _CLOCK[minute % 1440]


@lru_cache(maxsize=1024)
def _date(days: int) -> str:
    return moment(days * 1440 * MINUTE).date().isoformat()
