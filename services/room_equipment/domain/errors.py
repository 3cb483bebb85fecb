"""Named refusals. Each says what to do next; none carries a mass, a load or a name.

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
from uuid import UUID

from shared.errors import Refused


class InspectorIsRepairer(Refused):
    def __init__(self) -> None:
        super().__init__(
            "inspector_is_repairer",
            "The last repair of this bar was by the same person or the same sign-in. "
            "Someone else, signed in as themselves, must inspect it.",
        )


class WorkOrderOpen(Refused):
    def __init__(self, work_order_ids: Iterable[UUID]) -> None:
        super().__init__(
            "work_order_open",
            "The bar is locked out and its work order is not completed. Complete it, then inspect and record the pass.",
            work_order_ids=[str(id) for id in work_order_ids],
        )


class InspectionTooEarly(Refused):
    def __init__(self, lockout_at: datetime) -> None:
        super().__init__(
            "inspection_before_lockout",
            "The bar was locked out after this inspection was performed. Only a later one releases it.",
            lockout_at=lockout_at.isoformat(),
        )


class InspectionBeforeRepair(Refused):
    def __init__(self, repaired_at: datetime) -> None:
        super().__init__(
            "inspection_before_repair",
            "The repair was completed after this inspection was performed. Only a later one releases the bar.",
            repaired_at=repaired_at.isoformat(),
        )


class InspectionBeforeChange(Refused):
    def __init__(self, changed_at: datetime) -> None:
        super().__init__(
            "inspection_before_change",
            "The bar was moved, remounted, renumbered or rated higher after this inspection was performed. "
            "Only a later one can say how it is mounted now.",
            changed_at=changed_at.isoformat(),
        )


class InstallationRequired(Refused):
    def __init__(self) -> None:
        super().__init__(
            "installation_required",
            "As it is mounted, numbered and rated now, the bar has never passed an installation inspection. "
            "Record one with kind 'installation' and a load test first.",
        )


class AfterEventRequired(Refused):
    def __init__(self, events: Iterable[str]) -> None:
        named = ", ".join(events)
        super().__init__(
            "after_event_required",
            f"The bar is locked out after an event ({named}). Record an inspection with kind 'after_event' that looks "
            "at what it did.",
            events=named.split(", "),
        )


class InspectorWithdrawn(Refused):
    def __init__(self) -> None:
        super().__init__(
            "inspector_withdrawn",
            "The register no longer has this inspector in service. Another one inspects, or the chain puts him back.",
        )


class TherapistMismatch(Refused):
    def __init__(self) -> None:
        super().__init__(
            "therapist_mismatch",
            "Another therapist is assigned. The assigned one starts the session, "
            "or the appointment is given to the other in scheduling first.",
        )


class TooEarly(Refused):
    def __init__(self, opens_at: datetime) -> None:
        super().__init__(
            "too_early",
            "It is too early: the session can be started from the time given (house rule, not a standard).",
            opens_at=opens_at.isoformat(),
        )


class RoomOccupied(Refused):
    def __init__(self, appointment_id: UUID) -> None:
        super().__init__(
            "room_occupied",
            "Another session was started in this room and not finished. Finish it first.",
            running_appointment_id=str(appointment_id),
        )


class TherapistBusy(Refused):
    def __init__(self) -> None:
        super().__init__("therapist_unavailable", "This therapist has another session running. Finish that one first.")


class NextSessionInTheWay(Refused):
    def __init__(self, starts_at: datetime) -> None:
        super().__init__(
            "slot_taken",
            "From now on the session and its turnover would run into the room's next session. "
            "Move one of the two in scheduling, or abort and book again.",
            next_starts_at=starts_at.isoformat(),
        )


class CheckMissing(Refused):
    def __init__(self, bar_ids: Iterable[UUID]) -> None:
        super().__init__(
            "pre_use_check_required",
            "Every mounted bar is looked at before each session. Check the bars given and send their results.",
            bar_ids=[str(id) for id in bar_ids],
        )


class AlreadyStarted(Refused):
    def __init__(self) -> None:
        super().__init__("already_started", "The session is running. Finish it with POST …/finish.")


class NotStarted(Refused):
    def __init__(self) -> None:
        super().__init__("not_started", "The session has not been started, so it cannot be finished.")


class AppointmentUnproven(Refused):
    def __init__(self, detail: str) -> None:
        super().__init__("appointment_unproven", detail)


class ScreeningUnproven(Refused):
    def __init__(self, detail: str) -> None:
        super().__init__("screening_unproven", detail)


class PreUseCheckFailed(Refused):
    def __init__(self, **lists: object) -> None:
        super().__init__(
            "pre_use_check_failed",
            "The failed check is recorded: the bar is locked out and a work order is open. "
            "The session needs another room; see the lists of what moved.",
            **lists,
        )


class NotFitToPerform(Refused):
    def __init__(self) -> None:
        super().__init__(
            "not_fit_to_perform",
            "The statement is recorded. The session needs another therapist; change it in scheduling.",
        )
