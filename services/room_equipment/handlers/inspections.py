"""Records inspections, and what follows from them in the same transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.checklists import answered
from services.room_equipment.domain.inspections import (
    Certificate,
    Event,
    History,
    Report,
    credential_key,
    event_of,
    judge,
)
from services.room_equipment.handlers import checklists, found, inspectors, rulebook
from services.room_equipment.handlers.displacement import Displaced, settle
from services.room_equipment.handlers.lockouts import open_lockout
from services.room_equipment.store import inspections, lockouts
from shared.errors import Invalid, NotFound
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


async def record(tx: Transaction, who: Principal, bar_id: UUID, values: dict[str, Any]) -> Recorded:
    """Append an inspection. A pass certifies the bar from now on and ends its lock-outs; a fail locks it out.

    Raises:
        Invalid, Refused: see domain.inspections.judge. A fail is never refused because of sessions or lock-outs.
    """
    bar, locked, moment = await found.locked_bar(tx, who, bar_id)
    history, sequence = await inspections.history(tx, bar_id)
    values = values | {"inspector": await inspectors.named(tx, values["inspector"])}
    values |= await _answered(tx, bar, values)
    report = _report(values, who.subject)
    rules, timezone = await rulebook.rules_of(tx, bar.branch_id), await found.timezone(tx, bar.branch_id)
    try:
        certificate = judge(report, history, now=moment, timezone=timezone, rules=rules)
    except Invalid as error:
        if error.pointer.startswith("/inspector/") and values["inspector"].get("inspector_id"):
            error.pointer = "/inspector/inspector_id"  # what the caller sent
        raise
    values["event"] = event_of(report, history)
    id = new_id()
    await inspections.add(tx, _row(id, sequence, bar, values, certificate, moment, who.subject))
    await audit(tx, who, "recorded_inspection", "bar", bar_id, branch_id=bar.branch_id, reason=values["result"])
    place = {"room_id": bar.room_id, "bar_id": bar_id, "branch_id": bar.branch_id}
    if certificate is None:
        tx.announce(BarInspectionFailed(**place, inspection_id=id))
        lockout = await _lock_out(tx, who, bar, history, moment, values["event"])
    else:
        lockout = None
        tx.announce(BarInspectionPassed(**place, inspection_id=id, valid_until=certificate.ends_at))
        for ended in await lockouts.release(tx, bar_id, id, moment):
            tx.announce(BarReleased(**place, lockout_id=ended, inspection_id=id))
    reason = "inspection_failed" if certificate is None else "certificate_changed"
    result = await settle(tx, locked, [bar.room_id], moment, reason, bar_id)
    return Recorded(id, moment, certificate, lockout, result)


async def _answered(tx: Transaction, bar: Row[Any], values: dict[str, Any]) -> dict[str, Any]:
    """The checklist with the template's items copied in, and which template that was; as it was sent without one."""
    asked = values["checklist_template"]
    if asked is None:
        return {}
    kind = asked["kind"] or values["kind"]
    if kind != values["kind"]:
        raise Invalid(
            "checklist_of_another_kind", "The checklist is one of another kind of inspection.",
            pointer="/checklist_template/kind",
        )  # fmt: skip
    try:
        template = await checklists.version(tx, kind, asked["version"], bar.branch_id)
    except NotFound as error:
        raise Invalid("unknown_checklist", error.detail, pointer="/checklist_template/version") from None
    items = answered(
        template, values["checklist"], performed_at=values["performed_at"],
        load_test_kg=values["load_test_kg"], rated_load_kg=bar.rated_load_kg,
    )  # fmt: skip
    return {
        "checklist": items,
        "checklist_template": {"kind": kind, "version": template.version, "source": template.source},
    }


async def _lock_out(
    tx: Transaction, who: Principal, bar: Row[Any], history: History, moment: datetime, event: Event | None
) -> UUID:
    """A new lock-out, unless one is open whose repair is still to come: that one stands for both.

    One that knows of no event does not stand for one after which the bar failed.
    """
    for lockout in history.lockouts:
        if lockout.repaired_at is None and (event is None or lockout.event is not None):
            return lockout.lockout_id
    return await open_lockout(tx, who, bar, "inspection", "inspection_failed", "", moment, event=event)


def _report(values: dict[str, Any], subject: str) -> Report:
    inspector = values["inspector"]
    return Report(
        performed_at=values["performed_at"],
        kind=values["kind"],
        result=values["result"],
        credential=inspector["credential"],
        credential_valid_until=inspector["credential_valid_until"],
        subject=subject,
        items=len(values["checklist"]),
        failed_items=sum(item["result"] == "fail" for item in values["checklist"]),
        load_test_kg=values["load_test_kg"],
        valid_until=values["valid_until"],
        conditions=values["conditions"],
        event=values["event"],
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
        "inspector_id": inspector.get("inspector_id"),
        "inspector_name": inspector["name"],
        "inspector_organisation": inspector["organisation"],
        "inspector_credential": inspector["credential"],
        "inspector_credential_key": credential_key(inspector["credential"]),
        "credential_valid_until": inspector["credential_valid_until"],
        "valid_until": valid_until,
        "certified_until": certificate.ends_at if certificate else None,
        **{
            name: values[name]
            for name in (
                "kind",
                "event",
                "performed_at",
                "checklist_template",
                "checklist",
                "load_test_kg",
                "result",
                "conditions",
                "note",
            )
        },
    }
