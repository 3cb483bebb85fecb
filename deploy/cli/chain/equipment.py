"""What room-equipment keeps beside bars: tables, stools, straps, and the inspections of what carries a therapist."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from deploy.cli.chain.chain import Line
from deploy.cli.chain.faults import Fault
from deploy.cli.chain.loading import Body, Loading, Outcome, without_nothing
from deploy.cli.chain.nouns import Equipment, EquipmentInspection, Inspector
from deploy.cli.chain.present import instant
from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.inspections import History, Report, judge
from services.room_equipment.schemas.equipment import NewEquipmentInspection
from shared.errors import CaibeiError

CHECKLIST = ("stitching", "webbing", "buckles", "label")
"""What an inspector looks at in straps, handles and frames; house rule, not a standard."""


def equipment(loading: Loading, row: Equipment) -> Body:
    anchor = loading.calendar.anchor
    return without_nothing(
        room_id=loading.id("rooms", f"{row.branch} {row.room}"),
        bar_id=loading.id("bars", row.bar) if row.bar else None,
        kind=row.kind,
        name=row.name,
        serial=row.serial,
        manufacturer=row.manufacturer,
        model=row.model,
        purchased_on=str(row.purchased_on.on(anchor)) if row.purchased_on else None,
        installed_on=str(row.installed_on.on(anchor)) if row.installed_on else None,
        installed_by=row.installed_by,
        rated_load_kg=None if row.rated_load_kg is None else str(row.rated_load_kg),
        note=row.note,
    )


def inspection(loading: Loading, row: EquipmentInspection, inspector: Inspector, at: datetime) -> Body:
    """`at`: when it was performed."""
    anchor = loading.calendar.anchor
    results = dict.fromkeys(CHECKLIST, "pass") | dict.fromkeys(row.failed, "fail")
    return without_nothing(
        performed_at=at.isoformat(),
        kind=row.kind,
        inspector={
            "name": inspector.name,
            "organisation": inspector.organisation,
            "credential": inspector.credential,
            "credential_valid_until": str(inspector.credential_valid_until.on(anchor)),
        },
        checklist=[{"item": item, "result": result} for item, result in results.items()],
        result=row.result,
        valid_until=str(row.valid_until.on(anchor)) if row.valid_until else None,
        note=row.note,
    )


async def load_equipment(loading: Loading) -> None:
    def load(line: Line[Equipment]) -> Awaitable[Outcome]:
        return loading.once("room_equipment", "/v1/equipment", line, equipment(loading, line.row))

    await loading.each(Equipment, load, in_order_of=lambda row: row.branch)


async def load_inspections(loading: Loading) -> None:
    """Each thing's history in order. What is on record of it is not recorded twice."""
    inspectors = loading.chain.by_natural(Inspector)
    branch_of = {line.row.serial: line.row.branch for line in loading.chain.of(Equipment)}
    branch_of |= loading.present.branches_of("equipment")
    on_record: dict[str, set[tuple[str, str, str]]] = {}

    async def load(line: Line[EquipmentInspection]) -> Outcome:
        row, calendar = line.row, loading.calendar
        path = f"/v1/equipment/{loading.id('equipment', row.equipment)}/inspections"
        if path not in on_record:
            recorded = await loading.services.all("room_equipment", path)
            on_record[path] = {(item["kind"], item["result"], instant(item["performed_at"])) for item in recorded}
        now = datetime.now(UTC).replace(microsecond=0)
        at = row.performed_at.at(calendar.anchor, loading.zones[branch_of[row.equipment]], now)
        if (row.kind, row.result, instant(at.isoformat())) in on_record[path]:
            return "present"
        body = inspection(loading, row, inspectors[row.inspector].row, at)
        await loading.post("room_equipment", path, row, body)
        return "created"

    await loading.each(EquipmentInspection, load, in_order_of=lambda row: row.equipment)


def faults(
    loading: Loading,
    sound: Callable[[Line[Any]], bool],
    of_shape: Callable[[Line[Any], type[NewEquipmentInspection], Body], Iterator[Fault]],
    refused: Callable[[Line[Any], CaibeiError], Fault],
) -> Iterator[Fault]:
    """Each thing's inspections as room-equipment will judge them, one after the other."""
    things, inspectors = loading.chain.by_natural(Equipment), loading.chain.by_natural(Inspector)
    lines_of: dict[str, list[Line[EquipmentInspection]]] = defaultdict(list)
    for line in filter(sound, loading.chain.of(EquipmentInspection)):
        lines_of[line.row.equipment].append(line)
    for serial, lines in lines_of.items():
        if serial not in things:
            continue
        thing, latest = things[serial].row, None
        calendar, zone = loading.calendar, loading.zones[thing.branch]
        for line in lines:
            try:
                at = line.row.performed_at.at(calendar.anchor, zone, calendar.now)
            except ValueError as error:
                yield line.fault("performed_at", str(error))
                break
            body = inspection(loading, line.row, inspectors[line.row.inspector].row, at)
            wrong = list(of_shape(line, NewEquipmentInspection, body))
            yield from wrong
            if wrong:
                break
            if thing.rated_load_kg is None and line.row.result == "pass":
                yield things[serial].fault("rated_load_kg", "is needed before an inspection can pass")
                break
            history = History(thing.rated_load_kg or Decimal(0), True, latest, (), None, of_a_bar=False)
            try:
                judge(_report(body), history, now=calendar.now, timezone=zone.key, rules=HouseRules())
            except CaibeiError as error:
                yield refused(line, error)
                break
            latest = at


def _report(body: Body) -> Report:
    sent = NewEquipmentInspection.model_validate(body)
    return Report(
        performed_at=sent.performed_at,
        kind=sent.kind,
        result=sent.result,
        credential=sent.inspector.credential,
        credential_valid_until=sent.inspector.credential_valid_until,
        subject="import",
        items=len(sent.checklist),
        failed_items=sum(item.result == "fail" for item in sent.checklist),
        valid_until=sent.valid_until,
    )
