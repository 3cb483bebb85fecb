"""The sheets of a register: their columns, and what stands in them. Times are on the wall of the row's branch."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from services.room_equipment.documents import words
from services.room_equipment.domain.localdays import zone
from services.room_equipment.domain.placards import placard
from services.room_equipment.store import placards, registers
from shared.kit.sheets import Cell, Column

Name = Literal["bars", "equipment", "inspections", "lockouts", "work_orders"]


@dataclass(frozen=True, slots=True)
class Part:
    """One sheet. `row` gives its cells, of a row of `statement`."""

    title: str
    statement: str
    columns: tuple[Column, ...]
    row: Callable[[Any], list[Cell]]


def _columns(**widths: float) -> tuple[Column, ...]:
    return tuple(Column(name.replace("_", " ").capitalize(), width) for name, width in widths.items())


def _at(value: datetime | None, row: Any) -> datetime | None:
    return None if value is None else value.astimezone(zone(row.timezone)).replace(microsecond=0)


def _bar(row: Any) -> list[Cell]:
    """A room without a bar has a line too: it is never cleared."""
    head: list[Cell] = [
        row.branch_code,
        row.timezone,
        row.room_code,
        row.room_name,
        row.room_in_service,
        row.bars_required,
    ]
    if row.bar_id is None:
        return [*head, None, None, "no bar", *[None] * 17, row.of_room, None, None]
    said = placard(placards.facts(row), datetime.now(UTC))
    return [
        *head, row.serial, row.rated_load_kg, said.state.replace("_", " "), words.WHY.get(said.why or ""),
        _at(said.since, row), row.valid_until if said.why is None else None, row.valid_until,
        _at(row.lockout_opened_at, row), _at(row.performed_at, row), row.kind, row.result, row.inspector_name,
        row.inspector_organisation, row.mounting, row.material, row.diameter_mm, row.installed_on, row.installed_by,
        row.in_service, row.removed_on, row.of_room, row.bar_id, row.inspection_id,
    ]  # fmt: skip


def _equipment(row: Any) -> list[Cell]:
    return [row.branch_code, row.room_code, row.kind, row.name, row.serial, row.in_service, row.note, row.id]


def _inspection(row: Any) -> list[Cell]:
    flagged = [item for item in row.checklist if isinstance(item, dict) and item.get("result") != "pass"]
    return [
        row.branch_code, row.timezone, row.room_code, row.bar_serial, row.rated_load_kg, row.kind,
        _at(row.performed_at, row), _at(row.recorded_at, row), row.result, row.valid_until, row.load_test_kg,
        row.inspector_name, row.inspector_organisation, row.inspector_credential, row.credential_valid_until,
        "; ".join(f"{item.get('result')}: {item.get('item')}" for item in flagged), row.conditions, row.note,
        row.bar_id, row.id,
    ]  # fmt: skip


def _lockout(row: Any) -> list[Cell]:
    return [
        row.branch_code, row.timezone, row.room_code, row.serial, row.cause, row.reason, row.note,
        _at(row.opened_at, row), _at(row.released_at, row), row.released_by, row.bar_id, row.id,
    ]  # fmt: skip


def _work_order(row: Any) -> list[Cell]:
    return [
        row.branch_code, row.timezone, row.room_code, row.kind, row.name, row.serial, row.title, row.note, row.status,
        row.assigned_to, row.due_on, _at(row.opened_at, row), _at(row.completed_at, row), row.repairer_name,
        row.repairer_credential, row.lockout_id, row.bar_id, row.equipment_id, row.id,
    ]  # fmt: skip


_PLACE = {"branch": 10, "zone": 16, "room": 10}
PARTS: dict[Name, Part] = {
    "bars": Part(
        "Bars", registers.BARS,
        _columns(**_PLACE, room_name=20, room_in_service=10, bars_required=9, serial=16, rated_load_kg=10, state=14,
                 why=30, since=20, certified_until=12, next_due=12, locked_out_since=20, latest_inspection=20, kind=12,
                 result=18, inspector=22, organisation=22, mounting=20, material=12, diameter_mm=10, installed_on=12,
                 installed_by=20, in_service=9, removed_on=12, room_id=38, bar_id=38, inspection_id=38),
        _bar,
    ),
    "equipment": Part(
        "Equipment", registers.EQUIPMENT,
        _columns(branch=10, room=10, kind=14, name=24, serial=16, in_service=9, note=40, equipment_id=38), _equipment,
    ),
    "inspections": Part(
        "Inspections", registers.INSPECTIONS,
        _columns(**_PLACE, serial=16, rated_load_kg=10, kind=12, performed_at=20, recorded_at=20, result=18,
                 valid_through=12, load_test_kg=10, inspector=22, organisation=22, credential=16,
                 credential_valid_until=12, defects_and_flags=40, conditions=40, note=40, bar_id=38, inspection_id=38),
        _inspection,
    ),
    "lockouts": Part(
        "Lock-outs", registers.LOCKOUTS,
        _columns(**_PLACE, serial=16, cause=14, reason=30, note=40, opened_at=20, released_at=20,
                 released_by_inspection=38, bar_id=38, lockout_id=38),
        _lockout,
    ),
    "work_orders": Part(
        "Work orders", registers.WORK_ORDERS,
        _columns(**_PLACE, kind=12, name=24, serial=16, title=30, note=40, status=12, assigned_to=24, due_on=12,
                 opened_at=20, completed_at=20, repaired_by=22, credential=16, lockout_id=38, bar_id=38,
                 equipment_id=38, work_order_id=38),
        _work_order,
    ),
}  # fmt: skip
