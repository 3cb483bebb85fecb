"""What may be recorded of an inspection, and what it gives (rules: Inspections).

An inspection is never changed, only superseded. Recording a failure is never refused because of sessions, lock-outs or
repairs; a pass must be earned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from services.room_equipment.domain.errors import (
    AfterEventRequired,
    InspectionBeforeChange,
    InspectionBeforeRepair,
    InspectionTooEarly,
    InspectorIsRepairer,
    InstallationRequired,
    WorkOrderOpen,
)
from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.localdays import add_months, end_of, local_date
from shared.errors import Invalid

Kind = Literal["installation", "periodic", "after_event"]
Result = Literal["pass", "pass_with_conditions", "fail"]
Event = Literal["impact", "water", "overload", "building_work", "repair", "relocation"]


@dataclass(frozen=True, slots=True)
class Report:
    """What the inspector says. `subject` is who recorded it (the token's)."""

    performed_at: datetime
    kind: Kind
    result: Result
    credential: str
    credential_valid_until: date
    subject: str
    items: int
    failed_items: int
    load_test_kg: Decimal | None = None
    valid_until: date | None = None
    conditions: str | None = None
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class OpenLockout:
    """`repaired_at`: when its work order was completed; None while it is open. `repairer`: by whom, as in History.

    `event`: what happened to the bar, where that is why it is locked out.
    """

    lockout_id: UUID
    opened_at: datetime
    work_order_id: UUID | None
    repaired_at: datetime | None
    event: Event | None = None
    repairer: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What is on record of the bar before this report. `repairer`: credential key and subject of the last repair.

    `changed_at`: when it was last moved, remounted, renumbered or rated higher; None if never since it was registered.
    `of_a_bar`: an inspection after an event says after which; what hangs on a bar has no events of its own.
    """

    rated_load_kg: Decimal
    proven: bool
    latest_performed_at: datetime | None
    lockouts: Sequence[OpenLockout]
    repairer: tuple[str, str] | None
    changed_at: datetime | None = None
    of_a_bar: bool = True


@dataclass(frozen=True, slots=True)
class Certificate:
    """Holds through the local day `valid_until`; `ends_at` is the first instant after it."""

    valid_until: date
    ends_at: datetime


def credential_key(credential: str) -> str:
    """One spelling of a credential: letters and digits, lower case. "LOLER 12-34" is "loler1234"."""
    return "".join(c for c in credential.casefold() if c.isalnum())


def judge(report: Report, history: History, *, now: datetime, timezone: str, rules: HouseRules) -> Certificate | None:
    """The certificate a report gives, or None for a fail.

    Raises:
        Invalid: the report contradicts itself, the record or the clock (422).
        Refused: a pass that this bar, or this inspector, cannot have now (409).
    """
    _check_times(report, history, now, timezone)
    event = event_of(report, history)
    if report.result == "fail":
        return None
    _check_pass(report, history)
    certificate = _certificate(report, timezone, rules)
    _check_release(report, history)
    if report.kind == "after_event" and event is None and history.of_a_bar:
        raise Invalid(
            "event_required",
            "Say after what: impact, water, overload, building_work, repair or relocation.",
            pointer="/event",
        )
    return certificate


def event_of(report: Report, history: History) -> Event | None:
    """What an after-event inspection is after: as the report says, else as the record does, if it does.

    Raises:
        Invalid: the report names an event and is of another kind.
    """
    if report.kind != "after_event":
        if report.event is not None:
            raise Invalid("event_of_another_kind", "Only an after-event inspection has an event.", pointer="/event")
        return None
    known = [lockout.event for lockout in history.lockouts if lockout.event is not None]
    if report.event is not None:
        return report.event
    if known:
        return known[-1]
    repaired = any(lockout.repaired_at is not None for lockout in history.lockouts)
    return "repair" if repaired else None


def _check_times(report: Report, history: History, now: datetime, timezone: str) -> None:
    if report.performed_at > now:
        raise Invalid("performed_in_the_future", "An inspection cannot be in the future.", pointer="/performed_at")
    latest = history.latest_performed_at
    if latest is not None and report.performed_at < latest.replace(microsecond=0):
        raise Invalid(
            "older_than_latest",
            "A later inspection is on record; history is not rewritten.",
            pointer="/performed_at",
        )
    if not credential_key(report.credential):
        raise Invalid("credential_required", "Name the inspector's credential.", pointer="/inspector/credential")
    if report.credential_valid_until < local_date(report.performed_at, timezone):
        raise Invalid(
            "credential_expired",
            "The inspector's credential had expired on that day; an inspector with a valid one must inspect.",
            pointer="/inspector/credential_valid_until",
        )


def _check_pass(report: Report, history: History) -> None:
    if not report.items:
        raise Invalid("checklist_required", "A pass says what was looked at: answer a checklist.", pointer="/checklist")
    if report.failed_items:
        raise Invalid(
            "failed_item", "An item of the checklist failed, so the result cannot be a pass.", pointer="/result"
        )
    if report.result == "pass_with_conditions":
        if not report.conditions:
            raise Invalid("conditions_required", "Say what the conditions are.", pointer="/conditions")
        if report.valid_until is None:
            raise Invalid("valid_until_required", "A pass with conditions needs its deadline.", pointer="/valid_until")
    if report.kind == "installation":
        if report.load_test_kg is None or report.load_test_kg < history.rated_load_kg:
            raise Invalid(
                "load_test_required",
                "An installation inspection needs a load test of at least the rated load.",
                pointer="/load_test_kg",
            )
        if history.changed_at is not None and report.performed_at < history.changed_at.replace(microsecond=0):
            raise InspectionBeforeChange(history.changed_at)
    elif not history.proven:
        raise InstallationRequired


def _certificate(report: Report, timezone: str, rules: HouseRules) -> Certificate:
    performed_on = local_date(report.performed_at, timezone)
    latest = add_months(performed_on, rules.inspection_interval_months)
    valid_until = report.valid_until or latest
    if valid_until > latest:
        raise Invalid(
            "valid_until_too_late",
            f"A certificate holds at most {rules.inspection_interval_months} months from the inspection, "
            f"here until {latest} (house rule, not a standard).",
            pointer="/valid_until",
        )
    if valid_until < performed_on:
        raise Invalid("valid_until_too_early", "It would end before the inspection.", pointer="/valid_until")
    return Certificate(valid_until, end_of(valid_until, timezone))


def _check_release(report: Report, history: History) -> None:
    # Two open lock-outs may have had two repairers: neither may release what he repaired.
    repairers = (history.repairer, *(lockout.repairer for lockout in history.lockouts))
    for credential, subject in filter(None, repairers):
        if credential_key(report.credential) == credential or report.subject == subject:
            raise InspectorIsRepairer
    open_orders = [
        lockout.work_order_id for lockout in history.lockouts if lockout.repaired_at is None and lockout.work_order_id
    ]
    if open_orders:
        raise WorkOrderOpen(open_orders)
    events = [lockout.event for lockout in history.lockouts if lockout.event is not None]
    if events and report.kind == "periodic":
        raise AfterEventRequired(dict.fromkeys(events))
    for lockout in history.lockouts:
        # To the second: inspectors' clocks and forms often give no more.
        if report.performed_at < lockout.opened_at.replace(microsecond=0):
            raise InspectionTooEarly(lockout.opened_at)
        if lockout.repaired_at is not None and report.performed_at < lockout.repaired_at.replace(microsecond=0):
            raise InspectionBeforeRepair(lockout.repaired_at)  # it says nothing of the bar as it is now
