"""One import from end to end: read, check everything, and only then load."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path

from deploy.cli.chain import against, bookings, checks, conflicts, equipment, people, rooms, shapes
from deploy.cli.chain.chain import Calendar, build
from deploy.cli.chain.faults import Fault, Faulty
from deploy.cli.chain.foreign import read_bookings
from deploy.cli.chain.kinds import NOUNS
from deploy.cli.chain.loading import Loading, Stopped
from deploy.cli.chain.mapping import Mapping
from deploy.cli.chain.names import resolve
from deploy.cli.chain.nouns import Appointment
from deploy.cli.chain.present import look_up
from deploy.cli.chain.reading import read
from deploy.cli.chain.services import Services, Unreachable

# In dependency order. Inspectors are no resource of their own.
STEPS: tuple[Callable[[Loading], Awaitable[None]], ...] = (
    people.load_branches,
    people.load_treatments,
    people.load_therapists,
    people.load_shifts,
    people.load_clients,
    rooms.load_rooms,
    rooms.load_profiles,
    rooms.load_bars,
    equipment.load_equipment,
    rooms.load_inspections,
    equipment.load_inspections,
    bookings.load_screenings,
    bookings.load_clearances,
    bookings.load_appointments,
)


async def prepare(path: Path, services: Services, day: date | None = None) -> Loading:
    """Read and check all of it, against the services as well. Nothing is changed.

    Args:
        day: the day from which relative days count. Without it: the day on which the file's oldest branch was
            registered, so that the same file means the same the next day; today for a chain not loaded yet.

    Raises:
        Faulty: with every fault found.
        Unreachable: a service does not answer.
        Refusal: this sign-in may not read what must be checked.
    """
    chain, faults = build(read(path))
    if not any(chain.lines.values()) and not faults:
        raise Faulty([Fault(path.name, 1, "", f"holds no rows; the nouns are {', '.join(NOUNS)}")])
    now = datetime.now(UTC)
    try:
        present = await look_up(services, chain)
    except Unreachable:
        if faults:  # what is wrong whatever the services say
            raise Faulty([*faults, *checks.inside(chain)]) from None
        raise
    calendar = Calendar(day or present.first_import(chain) or now.date(), now)
    faults += against.faults(chain, present, calendar)
    loading = Loading(services, chain, present, calendar, checks.zones(chain, present.timezones))
    faults += list(shapes.faults(loading, faults))
    if faults:
        raise Faulty(faults)
    return loading


async def prepare_bookings(path: Path, mapping: Mapping, services: Services, day: date | None = None) -> Loading:
    """The same for the bookings of another system: a CSV file with a mapping, or a calendar.

    Raises:
        Faulty, Unreachable, Refusal: as `prepare`. A conflict is no fault: the saga decides.
    """
    bookings = read_bookings(path, mapping)
    raws, known = await resolve(bookings, services)
    chain, faults = build(raws)
    faults += bookings.faults
    if not chain.lines[Appointment.noun] and not faults and not bookings.skipped:
        raise Faulty([Fault(path.name, 1, "", "holds no bookings")])
    now = datetime.now(UTC)
    present = await look_up(services, chain)
    for noun, found in known.items():
        present.by_code[noun].update(found)
    calendar = Calendar(day or now.date(), now)
    loading = Loading(services, chain, present, calendar, checks.zones(chain, present.timezones))
    loading.skipped = bookings.skipped + conflicts.take_out_passed(loading)
    faults += [*checks.inside(chain), *checks.times(chain, loading.zones, calendar)]
    faults += shapes.faults(loading, faults)
    if faults:
        raise Faulty(faults)
    loading.moved = await conflicts.take_out_moved(loading)
    loading.conflicts = [*loading.moved, *await conflicts.find(loading)]
    return loading


async def load(loading: Loading) -> None:
    """Load what was prepared; `loading.report` says what happened, also when a row was refused."""
    began = time.monotonic()
    try:
        for step in STEPS:
            await step(loading)
    except Stopped:
        pass
    finally:
        loading.report.failed += loading.moved
        loading.report.seconds = time.monotonic() - began
