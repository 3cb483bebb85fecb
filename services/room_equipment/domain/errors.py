"""Named refusals. Each says what to do next, in words (`detail`) and for a program (`next`, in the order to try them);
none carries a mass, a load or a name.

Refused (409)
├── InspectorIsRepairer     inspector_is_repairer
├── WorkOrderOpen           work_order_open
├── InspectionTooEarly      inspection_before_lockout
├── InspectionBeforeRepair  inspection_before_repair
├── InspectionBeforeChange  inspection_before_change
├── InstallationRequired    installation_required
├── AfterEventRequired      after_event_required
├── InspectorWithdrawn      inspector_withdrawn
├── NoRoom                  every code of a refused placement, see placement.py
└── at the gate (gate.py):  TherapistMismatch, TooEarly, RoomOccupied, CheckMissing, AlreadyStarted,
                            AppointmentUnproven, ScreeningUnproven, NotFitToPerform, PreUseCheckFailed, …
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.errors import Refused

ACTIONS = frozenset(
    {
        "mount_bar", "inspect_bar", "complete_work_order", "put_into_service", "remove_bar", "lower_bars_required",
        "check_bars", "choose_room", "choose_time", "choose_therapist", "choose_treatment", "record_load_profile",
        "screen_client", "record_clearance", "acknowledge_limits", "book_appointment", "use_another_name", "read_again",
        "start_session", "finish_session", "try_again", "set_up", "reopen_room", "move_bar_set", "inspect_equipment",
        "change_equipment", "register_replacement",
    }
)  # fmt: skip
"""What a refusal can ask for. Programs switch on these: they stay, others may be added."""


def step(action: str, **what: Any) -> dict[str, Any]:
    """One thing to do next; what is unknown is left out."""
    return {"action": action} | {name: value for name, value in what.items() if value not in (None, [])}


class InspectorIsRepairer(Refused):
    def __init__(self) -> None:
        super().__init__(
            "inspector_is_repairer",
            "The last repair of this bar was by the same person or the same sign-in. "
            "Someone else, signed in as themselves, must inspect it.",
            next=[step("inspect_bar", by="another_person")],
        )


class WorkOrderOpen(Refused):
    def __init__(self, work_order_ids: Iterable[UUID]) -> None:
        work_order_ids = list(work_order_ids)
        super().__init__(
            "work_order_open",
            "The bar is locked out and its work order is not completed. Complete it, then inspect and record the pass.",
            work_order_ids=[str(id) for id in work_order_ids],
            next=[step("complete_work_order", work_order_ids=[str(id) for id in work_order_ids]), step("inspect_bar")],
        )


class InspectionTooEarly(Refused):
    def __init__(self, lockout_at: datetime) -> None:
        super().__init__(
            "inspection_before_lockout",
            "The bar was locked out after this inspection was performed. Only a later one releases it.",
            lockout_at=lockout_at.isoformat(),
            next=[step("inspect_bar", performed_after=lockout_at.isoformat())],
        )


class InspectionBeforeRepair(Refused):
    def __init__(self, repaired_at: datetime) -> None:
        super().__init__(
            "inspection_before_repair",
            "The repair was completed after this inspection was performed. Only a later one releases the bar.",
            repaired_at=repaired_at.isoformat(),
            next=[step("inspect_bar", performed_after=repaired_at.isoformat())],
        )


class InspectionBeforeChange(Refused):
    def __init__(self, changed_at: datetime) -> None:
        super().__init__(
            "inspection_before_change",
            "The bar was moved, remounted, renumbered or rated higher after this inspection was performed. "
            "Only a later one can say how it is mounted now.",
            changed_at=changed_at.isoformat(),
            next=[step("inspect_bar", kind="installation", performed_after=changed_at.isoformat())],
        )


class InstallationRequired(Refused):
    def __init__(self) -> None:
        super().__init__(
            "installation_required",
            "As it is mounted, numbered and rated now, the bar has never passed an installation inspection. "
            "Record one with kind 'installation' and a load test first.",
            next=[step("inspect_bar", kind="installation")],
        )


class AfterEventRequired(Refused):
    def __init__(self, events: Iterable[str]) -> None:
        named = ", ".join(events)
        super().__init__(
            "after_event_required",
            f"The bar is locked out after an event ({named}). Record an inspection with kind 'after_event' that looks "
            "at what it did.",
            events=named.split(", "),
            next=[step("inspect_bar", kind="after_event")],
        )


class InspectorWithdrawn(Refused):
    def __init__(self) -> None:
        super().__init__(
            "inspector_withdrawn",
            "The register no longer has this inspector in service. Another one inspects, or the chain puts him back.",
            next=[step("inspect_bar", by="another_person"), step("put_into_service", what="inspector")],
        )


class TherapistMismatch(Refused):
    def __init__(self) -> None:
        super().__init__(
            "therapist_mismatch",
            "Another therapist is assigned. The assigned one starts the session, "
            "or the appointment is given to the other in scheduling first.",
            next=[step("choose_therapist", where="scheduling")],
        )


class TooEarly(Refused):
    def __init__(self, opens_at: datetime) -> None:
        super().__init__(
            "too_early",
            "It is too early: the session can be started from the time given (house rule, not a standard).",
            opens_at=opens_at.isoformat(),
            next=[step("try_again", at=opens_at.isoformat())],
        )


class RoomOccupied(Refused):
    def __init__(self, appointment_id: UUID) -> None:
        super().__init__(
            "room_occupied",
            "Another session was started in this room and not finished. Finish it first.",
            running_appointment_id=str(appointment_id),
            next=[step("finish_session", appointment_id=str(appointment_id)), step("choose_room")],
        )


class TherapistBusy(Refused):
    def __init__(self) -> None:
        super().__init__(
            "therapist_unavailable",
            "This therapist has another session running. Finish that one first.",
            next=[step("finish_session"), step("choose_therapist", where="scheduling")],
        )


class NextSessionInTheWay(Refused):
    def __init__(self, starts_at: datetime) -> None:
        super().__init__(
            "slot_taken",
            "From now on the session and its turnover would run into the room's next session. "
            "Move one of the two in scheduling, or abort and book again.",
            next_starts_at=starts_at.isoformat(),
            next=[step("choose_room"), step("choose_time", before=starts_at.isoformat())],
        )


class CheckMissing(Refused):
    def __init__(self, bar_ids: Iterable[UUID]) -> None:
        bar_ids = list(bar_ids)
        super().__init__(
            "pre_use_check_required",
            "Every mounted bar is looked at before each session. Check the bars given and send their results.",
            bar_ids=[str(id) for id in bar_ids],
            next=[step("check_bars", bar_ids=[str(id) for id in bar_ids])],
        )


class AlreadyStarted(Refused):
    def __init__(self) -> None:
        super().__init__(
            "already_started",
            "The session is running. Finish it with POST …/finish.",
            next=[step("finish_session")],
        )


class NotStarted(Refused):
    def __init__(self) -> None:
        super().__init__(
            "not_started",
            "The session has not been started, so it cannot be finished.",
            next=[step("start_session")],
        )


class AppointmentUnproven(Refused):
    def __init__(self, detail: str, action: str = "try_again") -> None:
        super().__init__("appointment_unproven", detail, next=[step(action)])


class ScreeningUnproven(Refused):
    def __init__(self, detail: str, action: str = "try_again") -> None:
        super().__init__("screening_unproven", detail, next=[step(action)])


class PreUseCheckFailed(Refused):
    def __init__(self, bar_ids: Iterable[UUID] = (), **lists: object) -> None:
        bars = [str(id) for id in bar_ids]
        super().__init__(
            "pre_use_check_failed",
            "The failed check is recorded: the bar is locked out and a work order is open. "
            "The session needs another room; see the lists of what moved.",
            next=[step("choose_room"), step("complete_work_order", bar_ids=bars), step("inspect_bar", bar_ids=bars)],
            **lists,
        )


class NotFitToPerform(Refused):
    def __init__(self) -> None:
        super().__init__(
            "not_fit_to_perform",
            "The statement is recorded. The session needs another therapist; change it in scheduling.",
            next=[step("choose_therapist", where="scheduling")],
        )
