"""Equipment that is no bar: registered, changed, moved, inspected; removed in time, never deleted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain import accessories
from services.room_equipment.domain.errors import step
from services.room_equipment.domain.inspections import Report, judge
from services.room_equipment.domain.localdays import local_date
from services.room_equipment.handlers import found, rulebook
from services.room_equipment.store import bar_sets, bars, equipment, rooms
from shared.errors import Invalid, NotFound, Refused
from shared.events.room_equipment import EquipmentInspectionFailed, EquipmentInspectionPassed
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def visible(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    row = await equipment.get(tx, id, lock=lock)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("equipment_not_found", "There is no such equipment.")
    return row


async def register(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    """What carries a therapist is not in service until its first inspection passes."""
    if values["inspected"] is None:
        values["inspected"] = values["kind"] in accessories.CARRIES_A_THERAPIST
    await rooms.lock(tx, [(await found.target_room(tx, who, values["room_id"])).branch_id])
    thing = values | {"id": new_id(), "removed_on": None}
    await _check(tx, who, thing, await _now(tx))
    await equipment.add(tx, thing)
    await audit(tx, who, "registered_equipment", "equipment", thing["id"], branch_id=thing["branch_id"])
    return await visible(tx, who, thing["id"])


async def change(
    tx: Transaction, who: Principal, id: UUID, values: dict[str, Any], check: Callable[[int], None]
) -> Row[Any]:
    """Apply a merge patch. Into another room it moves off its bar, unless the patch names a bar there.

    Raises:
        Refused: `inspection_required`, `serial_taken`.
    """
    seen = await visible(tx, who, id)
    target = await found.target_room(tx, who, values.get("room_id", seen.room_id))
    await rooms.lock(tx, {seen.branch_id, target.branch_id})  # its bar may be moving at this moment
    before = await visible(tx, who, id, lock=True)
    check(before.version)
    if values.get("in_service") is True:
        accessories.check_return(before.status)
    thing = before._asdict() | values
    if thing["room_id"] != before.room_id and "bar_id" not in values:
        thing["bar_id"] = None
    now = await _now(tx)
    await _check(tx, who, thing, now)
    await equipment.change(tx, thing)
    if thing["room_id"] != before.room_id:
        await bar_sets.note_move(
            tx, "equipment", id, thing["branch_id"], before.room_id, thing["room_id"], now, who.subject
        )
    await audit(
        tx, who, "changed_equipment", "equipment", id, branch_id=thing["branch_id"], reason=" ".join(sorted(values))
    )
    return await visible(tx, who, id)


async def inspect(tx: Transaction, who: Principal, id: UUID, values: dict[str, Any]) -> Row[Any]:
    """Append an inspection. A fail takes it out of service at once, a pass puts it back; the room's clearance is its
    bars' and stays.

    Raises:
        Refused: `not_inspected`: it carries nobody, or was removed; `rated_load_required`.
        Invalid: see domain.inspections.judge.
    """
    seen = await visible(tx, who, id)
    await rooms.lock(tx, [seen.branch_id])  # as whoever moves its bar: rooms, then things, then their record
    if (await visible(tx, who, id)).branch_id != seen.branch_id:  # moved while we waited for the rooms
        return await inspect(tx, who, id, values)
    thing = await visible(tx, who, id, lock=True)
    if not thing.inspected or thing.removed_on is not None:
        raise Refused(
            "not_inspected",
            "It is not among what is inspected. Register it as such, or as what it is.",
            next=[step("change_equipment", field="inspected")],
        )
    if thing.rated_load_kg is None and values["result"] == "pass":
        raise Refused(
            "rated_load_required",
            "It carries a therapist: record its rated load first, as its label says.",
            next=[step("change_equipment", field="rated_load_kg"), step("inspect_equipment")],
        )
    now = await _now(tx)
    inspector = values["inspector"]
    report = Report(
        performed_at=values["performed_at"],
        kind=values["kind"],
        result=values["result"],
        credential=inspector["credential"],
        credential_valid_until=inspector["credential_valid_until"],
        subject=who.subject,
        items=len(values["checklist"]),
        failed_items=sum(item["result"] == "fail" for item in values["checklist"]),
        valid_until=values["valid_until"],
    )
    rules, timezone = await rulebook.rules_of(tx, thing.branch_id), await found.timezone(tx, thing.branch_id)
    certificate = judge(report, accessories.history(thing), now=now, timezone=timezone, rules=rules)
    row = await equipment.add_inspection(
        tx,
        {
            "id": new_id(),
            "equipment_id": id,
            "sequence": thing.inspections + 1,
            **{name: getattr(thing, name) for name in ("branch_id", "room_id", "serial", "rated_load_kg")},
            **{name: values[name] for name in ("kind", "performed_at", "checklist", "result", "note")},
            "recorded_at": now,
            "recorded_by": who.subject,
            "inspector_name": inspector["name"],
            "inspector_organisation": inspector["organisation"],
            "inspector_credential": inspector["credential"],
            "credential_valid_until": inspector["credential_valid_until"],
            "valid_until": certificate.valid_until if certificate else None,
            "certified_until": certificate.ends_at if certificate else None,
        },
    )
    await audit(tx, who, "recorded_inspection", "equipment", id, branch_id=thing.branch_id, reason=values["result"])
    place = {"room_id": thing.room_id, "equipment_id": id, "branch_id": thing.branch_id, "inspection_id": row.id}
    if certificate is None:
        tx.announce(EquipmentInspectionFailed(**place))
    else:
        tx.announce(EquipmentInspectionPassed(**place, valid_until=certificate.ends_at))
    return row


async def _check(tx: Transaction, who: Principal, thing: dict[str, Any], now: datetime) -> None:
    """Fills in the branch, and refuses what cannot stand so."""
    room = await found.target_room(tx, who, thing["room_id"])
    thing["branch_id"] = room.branch_id
    if thing["bar_id"] is not None:
        bar = await bars.get(tx, thing["bar_id"])
        if bar is None or bar.room_id != room.id or (bar.removed_on is not None and thing["removed_on"] is None):
            raise Invalid("unknown_bar", "No such bar is mounted in this room.", pointer="/bar_id")
    accessories.check(thing, local_date(now, await found.timezone(tx, room.branch_id)))
    if thing["serial"] is not None and thing["removed_on"] is None and await equipment.serial_taken(tx, thing):
        raise Refused(
            "serial_taken",
            "The branch has one of this kind and serial. Check the label.",
            next=[step("use_another_name", field="serial"), step("read_again", what="equipment")],
        )


async def _now(tx: Transaction) -> datetime:
    now: datetime = await tx.scalar("SELECT clock_timestamp()")
    return now
