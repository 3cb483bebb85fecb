"""Records inspections, and what follows from them in the same transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.inspections import Certificate, History, Report, credential_key, judge
from services.room_equipment.handlers import found
from services.room_equipment.handlers.displacement import Displaced, settle
from services.room_equipment.handlers.lockouts import open_lockout
from services.room_equipment.store import inspections, lockouts
from shared.events.room_equipment import BarInspectionFailed, BarInspectionPassed, BarReleased
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Recorded:
    inspection_id: UUID
    recorded_at: datetime
    certificate: Certificate | None
    lockout_id: UUID | None
    result: Displaced


async def record(tx: Transaction, who: Principal, bar_id: UUID, values: dict[str, Any], rules: HouseRules) -> Recorded:
    """Append an inspection. A pass certifies the bar from now on and ends its lock-outs; a fail locks it out.

    Raises:
        Invalid, Refused: see domain.inspections.judge. A fail is never refused because of sessions or lock-outs.
    """
    bar, locked, moment = await found.locked_bar(tx, who, bar_id)
    history, sequence = await inspections.history(tx, bar_id)
    report = _report(values, who.subject)
    certificate = judge(report, history, now=moment, timezone=await found.timezone(tx, bar.branch_id), rules=rules)
    id = new_id()
    await inspections.add(tx, _row(id, sequence, bar, values, certificate, moment, who.subject))
    await audit(tx, who, "recorded_inspection", "bar", bar_id, branch_id=bar.branch_id, reason=values["result"])
    place = {"room_id": bar.room_id, "bar_id": bar_id, "branch_id": bar.branch_id}
    if certificate is None:
        tx.announce(BarInspectionFailed(**place, inspection_id=id))
        lockout = await _lock_out(tx, who, bar, history, moment)
    else:
        lockout = None
        tx.announce(BarInspectionPassed(**place, inspection_id=id, valid_until=certificate.ends_at))
        for ended in await lockouts.release(tx, bar_id, id, moment):
            tx.announce(BarReleased(**place, lockout_id=ended, inspection_id=id))
    reason = "inspection_failed" if certificate is None else "certificate_changed"
    result = await settle(tx, locked, [bar.room_id], moment, reason, bar_id)
    return Recorded(id, moment, certificate, lockout, result)


async def _lock_out(tx: Transaction, who: Principal, bar: Row[Any], history: History, moment: datetime) -> UUID:
    """A new lock-out, unless one is open whose repair is still to come: that one stands for both."""
    for lockout in history.lockouts:
        if lockout.repaired_at is None:
            return lockout.lockout_id
    return await open_lockout(tx, who, bar, "inspection", "inspection_failed", "", moment)


def _report(values: dict[str, Any], subject: str) -> Report:
    inspector = values["inspector"]
    return Report(
        performed_at=values["performed_at"],
        kind=values["kind"],
        result=values["result"],
        credential=inspector["credential"],
        credential_valid_until=inspector["credential_valid_until"],
        subject=subject,
        failed_items=sum(item["result"] == "fail" for item in values["checklist"]),
        load_test_kg=values["load_test_kg"],
        valid_until=values["valid_until"],
        conditions=values["conditions"],
    )


def _row(
    id: UUID, sequence: int, bar: Row[Any], values: dict[str, Any], certificate: Certificate | None,
    moment: datetime, subject: str,
) -> dict[str, Any]:  # fmt: skip
    inspector = values["inspector"]
    valid_until: date | None = certificate.valid_until if certificate else None
    return {
        "id": id,
        "bar_id": bar.id,
        "sequence": sequence,
        "branch_id": bar.branch_id,
        "room_id": bar.room_id,
        "bar_serial": bar.serial,
        "rated_load_kg": bar.rated_load_kg,
        "recorded_at": moment,
        "recorded_by": subject,
        "inspector_name": inspector["name"],
        "inspector_organisation": inspector["organisation"],
        "inspector_credential": inspector["credential"],
        "inspector_credential_key": credential_key(inspector["credential"]),
        "credential_valid_until": inspector["credential_valid_until"],
        "valid_until": valid_until,
        "certified_until": certificate.ends_at if certificate else None,
        **{
            name: values[name]
            for name in ("kind", "performed_at", "checklist", "load_test_kg", "result", "conditions", "note")
        },
    }
