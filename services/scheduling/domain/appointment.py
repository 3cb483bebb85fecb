"""An appointment's life: verbs that refuse with a named error; nobody sets a field from outside."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.scheduling.domain import resume
from services.scheduling.domain.errors import TooEarly, WrongStatus
from services.scheduling.domain.status import ENDED as ENDED
from services.scheduling.domain.status import Status as Status

YES = "yes"
REVOKED = "revoked"

_EXPECTED = frozenset({Status.CONFIRMED, Status.CHECKED_IN, Status.NEEDS_ATTENTION})


@dataclass(kw_only=True, slots=True)
class Appointment:
    """One session of one client.

    `attempt` counts how often the saga has asked; `version` every change. `screening_answer` and `room_answer` are
    this attempt's answers: None, "yes", a refusal's code, or (room) "revoked". `resume` is the slot to fall back to
    when a new slot of an older appointment is refused (resume.py). `code` and `refusal` say why it, or the last new
    slot asked for it, was refused: {"gap_reason", "gap_at"} of a named room that is not certified. `cancellation`
    is what cancelling costs, as it was when it was booked (cancelling.py). `asked_at` is the database's to set.
    `party_id` is of `party_size` appointments that were asked for together, all or none (ADR 0031).
    """

    id: UUID
    status: Status
    version: int
    attempt: int
    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    therapist_id: UUID | None
    therapist_named: bool
    room_id: UUID | None
    requested_room_id: UUID | None
    room_flexible: bool
    starts_at: datetime
    ends_at: datetime
    turnover_minutes: int
    requires_bar: bool
    screening_protocol: str | None
    screening_answer: str | None = None
    room_answer: str | None = None
    assignment_version: int = 0
    code: str | None = None
    refusal: dict[str, Any] | None = None
    tried_therapist_ids: list[UUID] = field(default_factory=list)
    resume: dict[str, Any] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancellation: dict[str, Any] | None = None
    asked_at: datetime | None = None
    party_id: UUID | None = None
    party_size: int | None = None

    @property
    def in_party(self) -> bool:
        """Undecided, and confirmed with all of its party only. Afterwards each goes its own way."""
        return self.party_id is not None and self.status is Status.PENDING and self.resume is None

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def moving(self) -> bool:
        """A new slot is asked for while the old one, its room included, is kept (ADR 0019)."""
        return self.status is Status.PENDING and self.resume is not None and bool(self.resume.get("keeps_room"))

    @property
    def moves_from(self) -> dict[str, Any] | None:
        """The slot it leaves for another. Put back where it was (its branch opened again), it leaves none."""
        old = self.resume if self.moving else None
        back = old is not None and old["room_id"] is None and datetime.fromisoformat(old["starts_at"]) == self.starts_at
        return None if back else old

    # --- what screening and room-equipment say; True when it changed something --------------------------------------

    def hear_screening(self, attempt: int, answer: str) -> bool:
        """Screening's "yes" or refusal code. Late, twice, or for an older attempt: nothing."""
        if not self._awaits(attempt) or self.screening_answer is not None:
            return False
        self.screening_answer = answer
        return True

    def hear_no_room(self, attempt: int, code: str, refusal: dict[str, Any] | None = None) -> bool:
        """Room-equipment has no room for this attempt; `refusal` says more of a named one."""
        if not self._awaits(attempt) or self.room_answer is not None:
            return False
        self.room_answer, self.refusal = code, refusal
        return True

    def hear_room(self, attempt: int, version: int, room_id: UUID) -> bool:
        """A room is assigned, or another one instead of it. Only a higher `version` is applied."""
        if not self._newer(attempt, version):
            return False
        self.assignment_version = version
        if self.status is Status.PENDING:
            self.room_answer, self.room_id = YES, room_id
            return True
        if self.status in _EXPECTED and self.status is not Status.NEEDS_ATTENTION:
            self.room_id = room_id
            self.version += 1
            return True
        return False

    def lose_room(self, attempt: int, version: int) -> bool:
        """The room is revoked. While pending it is remembered, so that the assign it overtook changes nothing."""
        if not self._newer(attempt, version):
            return False
        self.assignment_version = version
        if self.status is Status.PENDING:
            self.room_answer, self.room_id = REVOKED, None
            return True
        if self.status in (Status.CONFIRMED, Status.CHECKED_IN):
            self._become(Status.NEEDS_ATTENTION)
            self.room_id = None
            return True
        return False

    def lose_branch(self) -> None:
        """Its branch is closed then: a person must choose."""
        self._from("displaced", Status.CONFIRMED, Status.CHECKED_IN)
        self._become(Status.NEEDS_ATTENTION)
        self.room_id = None

    def hear_of_old_room(self, attempt: int, version: int, room_id: UUID | None, reason: str) -> bool:
        """While a new slot is asked for, the old one's room changed (None: it is lost)."""
        if not self.moving or self.resume is None or attempt >= self.attempt or version <= self.assignment_version:
            return False
        self.assignment_version = version
        self.resume = resume.with_room(self.resume, room_id, reason)
        return True

    def start(self, version: int, room_id: UUID, therapist_id: UUID, started_at: datetime) -> bool:
        """The session runs. It wins over a cancel that came too late, and over a new slot asked for: it is a fact."""
        if version <= self.assignment_version or self.status in (Status.IN_PROGRESS, Status.COMPLETED):
            return False
        self.assignment_version = version
        self._fall_back()
        self._become(Status.IN_PROGRESS)
        self.room_id, self.therapist_id, self.started_at = room_id, therapist_id, started_at
        self.code = None
        return True

    def finish(self, version: int, finished_at: datetime) -> bool:
        """The session is over, completed or aborted."""
        if version <= self.assignment_version or self.status is Status.COMPLETED:
            return False
        self.assignment_version = version
        self._become(Status.COMPLETED)
        self.finished_at, self.code = finished_at, None
        return True

    def expects(self, therapist_id: UUID) -> bool:
        """Whether it is to begin with this therapist, as far as anybody knows."""
        return self.therapist_id == therapist_id and self.status in (Status.CONFIRMED, Status.CHECKED_IN)

    def mark_at_risk(self, version: int) -> bool:
        """A bar failed under the running session."""
        if version <= self.assignment_version:
            return False
        self.assignment_version = version
        return True

    # --- how the saga settles it (saga.py decides which) ------------------------------------------------------------

    def confirm(self) -> None:
        self._from("confirmed", Status.PENDING)
        self._become(Status.CONFIRMED)
        self.resume = None

    def need_attention(self) -> None:
        """Both said yes, and the room is lost already: a person must choose."""
        self._from("put to a person", Status.PENDING)
        self._become(Status.NEEDS_ATTENTION)
        self.room_id, self.resume = None, None

    def reject(self, code: str) -> None:
        """The request is refused; an appointment that had an older slot goes back to it."""
        self._from("rejected", Status.PENDING)
        self.code, self.room_id = code, None
        self._become(Status(self._fall_back() or Status.REJECTED))

    def ask_next(self, therapist_id: UUID) -> None:
        """The refused therapist was not named by anyone: the saga asks again with the next free one."""
        self._from("asked again", Status.PENDING)
        if self.therapist_id is not None:
            self.tried_therapist_ids = [*self.tried_therapist_ids, self.therapist_id]
        self.therapist_id = therapist_id
        self._ask()

    def check_waits_for_person(self) -> None:
        """
        Raises:
            WrongStatus: nobody has to choose another slot for it.
        """
        self._from("given another slot", Status.NEEDS_ATTENTION)

    def ask_for(
        self, therapist_id: UUID, starts_at: datetime, ends_at: datetime, *, branch_id: UUID | None = None,
        session: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Another slot is wanted. The therapist's time of the old one is kept until the new one is certain.

        `session`: another treatment's id, turnover, need of bars and protocol (alternatives.py); None keeps it.
        """
        self.check_waits_for_person()
        self._keep_slot(keeps_room=False)
        self.therapist_id, self.starts_at, self.ends_at = therapist_id, starts_at, ends_at
        self.branch_id = branch_id or self.branch_id
        for name, value in (session or {}).items():
            setattr(self, name, value)
        self.therapist_named, self.requested_room_id, self.tried_therapist_ids = True, None, []
        self._ask()

    def check_can_move(self) -> None:
        """
        Raises:
            WrongStatus: it has ended, its session runs, or a slot is being asked for already.
        """
        self._from("rescheduled", *_EXPECTED)

    def move_to(
        self, *, branch_id: UUID, therapist_id: UUID, named: bool, room_id: UUID | None, starts_at: datetime,
        ends_at: datetime, why: str | None = None,
    ) -> None:  # fmt: skip
        """Another slot is wanted; therapist and room of the old one are kept until the new one is certain.

        `named`: exactly this therapist is wanted; `room_id`: exactly this room, None any; `why`: if nobody asked.
        """
        self.check_can_move()
        self._keep_slot(keeps_room=True, why=why)
        self.branch_id, self.therapist_id, self.therapist_named = branch_id, therapist_id, named
        self.requested_room_id, self.starts_at, self.ends_at = room_id, starts_at, ends_at
        self.tried_therapist_ids = []
        self._ask()

    # --- what people do ---------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        self._from("cancelled", Status.PENDING, *_EXPECTED)
        self._fall_back()
        self._become(Status.CANCELLED)
        self.room_id = None

    def check_in(self) -> None:
        self._from("checked in", Status.CONFIRMED)
        self._become(Status.CHECKED_IN)

    def miss(self, now: datetime) -> None:
        """The client did not come."""
        self._from("marked as a no-show", Status.CONFIRMED, Status.NEEDS_ATTENTION)
        if now < self.starts_at:
            raise TooEarly(self.starts_at)
        self._become(Status.NO_SHOW)
        self.room_id = None

    # ----------------------------------------------------------------------------------------------------------------

    def _awaits(self, attempt: int) -> bool:
        return self.status is Status.PENDING and attempt == self.attempt

    def _newer(self, attempt: int, version: int) -> bool:
        """A room's version orders all that happens to it; while an answer is awaited, only this attempt's is one.
        After a refused move the room is still the one of an earlier attempt."""
        known = attempt == self.attempt if self.status is Status.PENDING else attempt <= self.attempt
        return known and version > self.assignment_version

    def _keep_slot(self, *, keeps_room: bool, why: str | None = None) -> None:
        self.resume = resume.of(self, keeps_room, why)
        self.status = Status.PENDING

    def _fall_back(self) -> str | None:
        """The old slot is the slot again; its status, or None when there is none."""
        slot, self.resume = self.resume, None
        if slot is None:
            return None
        for name, value in resume.fields(slot).items():
            setattr(self, name, value)
        return str(slot["status"])

    def _from(self, verb: str, *allowed: Status) -> None:
        if self.status not in allowed:
            raise WrongStatus(verb, self.status.value)

    def _become(self, status: Status) -> None:
        self.status = status
        self.version += 1

    def _ask(self) -> None:
        self.attempt += 1
        self.version += 1
        self.screening_answer = self.room_answer = self.room_id = self.code = self.refusal = None
