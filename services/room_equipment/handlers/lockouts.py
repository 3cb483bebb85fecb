"""Lock-outs: by a report, a failed check before use, or a failed inspection. Recording one is never refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.inspections import Event
from services.room_equipment.handlers import found
from services.room_equipment.handlers.displacement import Displaced, settle
from services.room_equipment.store import lockouts
from shared.events.room_equipment import BarLockedOut
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id

Cause = Literal["inspection", "pre_use_check", "report", "repair"]


async def open_lockout(
    tx: Transaction, who: Principal, bar: Row[Any], cause: Cause, reason: str, note: str, moment: datetime,
    *, event: Event | None = None, after: UUID | None = None,
) -> UUID:  # fmt: skip
    """The lock-out, its work order and its announcement. The caller settles the room.

    `after`: the completed work order that is the reason, instead of a new one.
    """
    id = new_id()
    opening = lockouts.open if after is None else lockouts.open_after
    await opening(
        tx,
        {"id": id, "work_order_id": after or new_id(), "bar_id": bar.id, "branch_id": bar.branch_id,
         "room_id": bar.room_id, "cause": cause, "event": event, "reason": reason, "note": note, "opened_at": moment,
         "opened_by": who.subject},
    )  # fmt: skip
    await audit(tx, who, "locked_out_bar", "bar", bar.id, branch_id=bar.branch_id, reason=cause)
    tx.announce(BarLockedOut(room_id=bar.room_id, bar_id=bar.id, branch_id=bar.branch_id, lockout_id=id, reason=cause))
    return id


async def report(
    tx: Transaction, who: Principal, bar_id: UUID, reason: str, note: str, event: Event | None = None
) -> tuple[UUID, Displaced]:
    """Lock a bar out because someone says so. After an `event` only an inspection of what it did releases it."""
    bar, locked, moment = await found.locked_bar(tx, who, bar_id)
    id = await open_lockout(tx, who, bar, "report", reason, note, moment, event=event)
    return id, await settle(tx, locked, [bar.room_id], moment, "locked_out", bar_id)


@dataclass(frozen=True, slots=True)
class Check:
    bar_id: UUID
    result: Literal["pass", "fail"]
    note: str


async def record_checks(
    tx: Transaction, who: Principal, bars: Mapping[UUID, Row[Any]], locked: Sequence[Row[Any]], moment: datetime,
    checks: Sequence[Check], therapist_id: UUID, appointment_id: UUID | None,
) -> tuple[list[UUID], Displaced]:  # fmt: skip
    """Store checks of bars of one branch. Failed ones lock out; returns those lock-outs and what they displaced."""
    if not checks:
        return [], Displaced()
    looked_at = [bars[check.bar_id] for check in checks]
    await lockouts.add_checks(
        tx,
        {"ids": [new_id() for _ in checks], "bar_ids": [bar.id for bar in looked_at],
         "room_ids": [bar.room_id for bar in looked_at], "results": [c.result for c in checks],
         "notes": [c.note for c in checks], "branch_id": looked_at[0].branch_id, "therapist_id": therapist_id,
         "appointment_id": appointment_id, "checked_at": moment, "recorded_by": who.subject},
    )  # fmt: skip
    failed = {c.bar_id: c.note for c in checks if c.result == "fail"}
    if not failed:
        return [], Displaced()
    opened = [
        await open_lockout(tx, who, bars[id], "pre_use_check", "pre_use_check_failed", note, moment)
        for id, note in failed.items()
    ]
    rooms_hit = {bars[id].room_id for id in failed}
    return opened, await settle(tx, locked, rooms_hit, moment, "pre_use_check_failed", next(iter(failed)))


async def check(
    tx: Transaction, who: Principal, bar_id: UUID, made: Check, therapist_id: UUID, appointment_id: UUID | None
) -> tuple[list[UUID], Displaced, datetime]:
    """One bar looked at before use."""
    bar, locked, moment = await found.locked_bar(tx, who, bar_id)
    opened, result = await record_checks(tx, who, {bar_id: bar}, locked, moment, [made], therapist_id, appointment_id)
    return opened, result, moment
