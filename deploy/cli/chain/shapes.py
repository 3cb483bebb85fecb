"""Every command's body, held against the shape that its route takes, before the first one is sent.

The shapes and rules are the services' own, so that an import cannot know them otherwise: a mail address, an RRULE or
the end of a certificate is refused here exactly as it would be there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from deploy.cli.chain import bookings, equipment, people, rooms
from deploy.cli.chain.chain import Line, said_of
from deploy.cli.chain.faults import Fault
from deploy.cli.chain.loading import Body, Loading, row_field
from deploy.cli.chain.nouns import (
    Appointment,
    Bar,
    Branch,
    Clearance,
    Client,
    Equipment,
    Inspection,
    Inspector,
    LoadProfile,
    Room,
    Row,
    Screening,
    Shift,
    Therapist,
    Treatment,
)
from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.inspections import History, OpenLockout, Report, credential_key, judge
from services.room_equipment.schemas.assignments import NewLoadProfile
from services.room_equipment.schemas.bars import Inspector as InspectorInWords
from services.room_equipment.schemas.bars import NewBar, NewInspection
from services.room_equipment.schemas.equipment import NewEquipment
from services.room_equipment.schemas.rooms import NewRoom
from services.scheduling.domain import opening
from services.scheduling.domain.treatments import check_screened
from services.scheduling.recurrence import windows
from services.scheduling.schemas.bookings import NewAppointment
from services.scheduling.schemas.resources import NewBranch, NewClient, NewShift, NewTherapist, NewTreatment
from services.screening.schemas import NewClearance, NewScreening
from shared.errors import CaibeiError, Invalid

SHAPES: tuple[tuple[type[Row], type[BaseModel], Callable[[Loading, Line[Any]], Body]], ...] = (
    (Branch, NewBranch, lambda loading, line: people.branch(loading, line.row)),
    (Treatment, NewTreatment, lambda loading, line: people.treatment(loading, line.row)),
    (Therapist, NewTherapist, lambda loading, line: people.therapist(loading, line.row)),
    (Shift, NewShift, lambda loading, line: people.shift(loading, line.row)),
    (Client, NewClient, lambda loading, line: people.client(loading, line.row)),
    (LoadProfile, NewLoadProfile, lambda loading, line: rooms.load_profile(loading, line.row)),
    (Room, NewRoom, lambda loading, line: rooms.room(loading, line.row)),
    (Bar, NewBar, lambda loading, line: rooms.bar(loading, line.row)),
    (Equipment, NewEquipment, lambda loading, line: equipment.equipment(loading, line.row)),
    (Screening, NewScreening, bookings.screening),
    (Clearance, NewClearance, lambda loading, line: bookings.clearance(loading, line.row)),
    (Appointment, NewAppointment, lambda loading, line: bookings.appointment(loading, line.row)),
)


def faults(loading: Loading, already: list[Fault]) -> Iterator[Fault]:
    """Faults of bodies; rows that have a fault `already` are passed over."""
    imagined = replace(loading, imagined=True)
    known = {(fault.file, fault.line) for fault in already}

    def sound(line: Line[Any]) -> bool:
        return not known & {(line.place.file, n) for n in (line.place.line, *line.place.lines.values())}

    for kind, shape, body_of in SHAPES:
        for line in filter(sound, loading.chain.of(kind)):
            yield from _of_shape(line, shape, body_of(imagined, line))
    yield from _hours_and_rules(loading, sound)
    yield from _sessions(loading, sound)
    yield from _histories(imagined, sound)
    yield from equipment.faults(imagined, sound, _of_shape, _refused)


def _of_shape(line: Line[Any], shape: type[BaseModel], body: Body) -> Iterator[Fault]:
    try:
        shape.model_validate(body)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            first, *_ = (*item["loc"], "")
            yield line.fault(row_field(str(first)), said_of(item))


def _hours_and_rules(loading: Loading, sound: Callable[[Line[Any]], bool]) -> Iterator[Fault]:
    now = loading.calendar.now

    def follow(row: Shift) -> None:
        windows(*people.wall_times(loading, row), row.repeat, loading.zones[row.branch], now, now)

    checks: tuple[tuple[type[Row], Callable[[Any], object]], ...] = (
        (Branch, lambda row: opening.check(row.opening_hours)),
        (Treatment, lambda row: check_screened(row.equipment, row.screening_protocol)),
        (Shift, follow),
    )
    for kind, check in checks:
        for line in filter(sound, loading.chain.of(kind)):
            try:
                check(line.row)
            except CaibeiError as error:
                yield _refused(line, error)


def _sessions(loading: Loading, sound: Callable[[Line[Any]], bool]) -> Iterator[Fault]:
    """Sessions outside their branch's opening hours, where both are in the file."""
    branches, treatments = loading.chain.by_natural(Branch), loading.chain.by_natural(Treatment)
    for line in filter(sound, loading.chain.of(Appointment)):
        branch, treatment = branches.get(line.row.branch), treatments.get(line.row.treatment)
        if branch is None or treatment is None:
            continue
        zone = loading.zones[line.row.branch]
        starts = line.row.starts.at(loading.calendar.anchor, zone, loading.calendar.now)
        ends = starts + timedelta(minutes=treatment.row.duration_minutes)
        if not opening.is_open(branch.row.opening_hours, zone, (), starts, ends):
            yield line.fault("starts", f"{branch.row.name} is not open during the whole session")


def _histories(loading: Loading, sound: Callable[[Line[Any]], bool]) -> Iterator[Fault]:
    """Each bar's inspections as room-equipment will judge them, one after the other."""
    bars, inspectors = loading.chain.by_natural(Bar), loading.chain.by_natural(Inspector)
    lines_of: dict[str, list[Line[Inspection]]] = defaultdict(list)
    for line in loading.chain.of(Inspection):
        lines_of[line.row.bar].append(line)
    for serial, lines in lines_of.items():
        if serial in bars and all(map(sound, lines)):
            yield from _history(loading, bars[serial].row, lines, inspectors)


def _history(
    loading: Loading, bar: Bar, lines: list[Line[Inspection]], inspectors: dict[str, Line[Inspector]]
) -> Iterator[Fault]:
    calendar, zone = loading.calendar, loading.zones[bar.branch]
    history = History(bar.rated_load_kg, False, None, [], None)
    for line in lines:
        row = line.row
        try:
            at = row.performed_at.at(calendar.anchor, zone, calendar.now)
        except ValueError as error:
            yield line.fault("performed_at", str(error))
            return
        body = rooms.inspection(loading, row, inspectors[row.inspector].row, at)
        yield from _of_shape(line, NewInspection, body)
        try:
            certificate = judge(
                _report(body), history, now=calendar.now, timezone=zone.key, rules=HouseRules()
            )  # fmt: skip
        except CaibeiError as error:
            yield _refused(line, error)
            return
        history = replace(
            history,
            proven=history.proven or (row.kind == "installation" and certificate is not None),
            latest_performed_at=at,
            lockouts=[] if certificate else [*history.lockouts, _lockout(row, loading)],
            repairer=(credential_key(row.repaired_by), "workshop") if row.repaired_by else history.repairer,
        )


def _report(body: Body) -> Report:
    sent = NewInspection.model_validate(body)
    assert isinstance(sent.inspector, InspectorInWords)
    return Report(
        performed_at=sent.performed_at,
        kind=sent.kind,
        result=sent.result,
        credential=sent.inspector.credential,
        credential_valid_until=sent.inspector.credential_valid_until,
        subject="import",
        items=len(sent.checklist),
        failed_items=sum(item.result == "fail" for item in sent.checklist),
        load_test_kg=sent.load_test_kg,
        valid_until=sent.valid_until,
        conditions=sent.conditions,
        event=sent.event,
    )


def _lockout(row: Inspection, loading: Loading) -> OpenLockout:
    """A failure locks out from when it is recorded, which is now, however old it is."""
    now = loading.calendar.now
    return OpenLockout(uuid4(), now, uuid4(), now if row.repaired_by else None)


def _refused(line: Line[Any], error: CaibeiError) -> Fault:
    pointer = error.pointer if isinstance(error, Invalid) else ""
    field = row_field(pointer.strip("/").split("/")[0]) or (
        "performed_at" if line.row.noun.endswith("inspections") else ""
    )
    return line.fault(field, error.detail[:1].lower() + error.detail[1:])
