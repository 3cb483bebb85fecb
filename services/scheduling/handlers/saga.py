"""The booking saga: what screening and room-equipment say becomes an outcome, a batch of answers at a time.

Late, doubled and shuffled answers change nothing: the domain's verbs compare attempts and versions (appointment.py).
A batch of any size takes two statements: lock and read, then save with all that is announced.
"""

from typing import Any
from uuid import UUID

from services.scheduling.domain import candidates, saga
from services.scheduling.domain.appointment import YES, Appointment, Status
from services.scheduling.handlers.facts import answers, asked, facts, gap, move_requested, seen, wanted
from services.scheduling.handlers.parties import Parties
from services.scheduling.store import appointments, booking
from services.scheduling.store import saga as store
from services.scheduling.store.saga import Changes
from services.scheduling.waiting import SETTLED
from shared.events.base import Event
from shared.events.codes import Refusal
from shared.events.room_equipment import (
    RoomAssigned,
    RoomReassigned,
    RoomReleased,
    RoomRevoked,
    RoomUnavailable,
    SessionAtRisk,
    SessionFinished,
    SessionOverran,
    SessionStarted,
    TherapistStoodDown,
)
from shared.events.scheduling import (
    AppointmentCompleted,
    AppointmentConfirmed,
    AppointmentDisplaced,
    AppointmentRejected,
    AppointmentRescheduled,
    AppointmentRescheduleRefused,
    AppointmentStarted,
)
from shared.events.screening import AppointmentBlocked, AppointmentCleared
from shared.kit.database import Transaction
from shared.kit.inbox import Received

ANSWERS: tuple[type[Event], ...] = (
    AppointmentCleared,
    AppointmentBlocked,
    RoomAssigned,
    RoomUnavailable,
    RoomReassigned,
    RoomRevoked,
    RoomReleased,
    SessionStarted,
    SessionFinished,
    SessionAtRisk,
    SessionOverran,
    TherapistStoodDown,
)


async def on_answers(tx: Transaction, batch: list[Received[Any]]) -> None:
    """Apply answers and facts about appointments' rooms and sessions, each appointment's in order."""
    known = await appointments.lock(tx, {received.event.appointment_id for received in batch})
    step = Step(tx, parties=Parties(known.values()))
    for received in batch:
        # An assignment made directly in room-equipment (a walk-in desk) has no appointment here: only seen.
        appointment = known.get(received.event.appointment_id)
        step.see(received.event)
        if appointment is not None:
            step.hear(appointment, received.event)
    await step.finish()


class Step:
    """One transaction's work on any number of appointments."""

    def __init__(self, tx: Transaction, actor: str = "saga", parties: Parties | None = None) -> None:
        self.tx = tx
        self.parties = parties or Parties()
        self.changes = Changes(actor)
        self._next: dict[UUID, tuple[Appointment, str]] = {}
        self._running: list[dict[str, Any]] = []

    def see(self, event: Any) -> None:
        """Keep the last word on which room is taken when (advice for availability)."""
        found, last = seen(event), self.changes.seen.get(event.appointment_id)
        if found is not None and (last is None or last["version"] < found["version"]):
            self.changes.seen[event.appointment_id] = found

    def hear(self, appointment: Appointment, event: Any) -> None:
        """Let the domain's verb take the event, then do what the saga decides."""
        match event:
            case AppointmentCleared():
                changed = appointment.hear_screening(event.attempt, YES)
            case AppointmentBlocked():
                changed = appointment.hear_screening(event.attempt, event.code)
            case RoomUnavailable():
                changed = appointment.hear_no_room(event.attempt, event.code, gap(event))
            case RoomAssigned() | RoomReassigned():
                changed = self._room(appointment, event)
            case RoomRevoked():
                changed = self._revoked(appointment, event)
            case SessionStarted():
                changed = self._started(appointment, event)
            case SessionFinished():
                changed = self._finished(appointment, event)
            case SessionAtRisk():
                changed = appointment.mark_at_risk(event.assignment_version)
                self.changes.ask_person(appointment, "at_risk", "session_at_risk")
            case SessionOverran():
                changed = False
                if appointment.status is Status.IN_PROGRESS:
                    self.changes.ask_person(appointment, "overran", "session_overran")
            case TherapistStoodDown():
                changed = False
                if appointment.expects(event.therapist_id):
                    self.changes.ask_person(appointment, "therapist_needed", "not_fit_to_perform")
            case _:
                changed = False
        if changed:
            self.changes.touch(appointment)
            self.settle(appointment)

    def settle(self, appointment: Appointment) -> None:
        """Do what the answers so far call for."""
        match saga.decide(appointment):
            case saga.AskRoom():
                self.tx.announce(move_requested(appointment))
            case saga.Confirm():
                for each in self.parties.certain(appointment):
                    self._confirm(each)
            case saga.NeedAttention():
                appointment.need_attention()
                self.changes.settle(appointment)
                self.changes.ask_person(appointment, "displaced", "room_revoked")
                self.tx.announce(
                    AppointmentDisplaced(
                        **facts(appointment), moved=False, previous_room_id=None, reason="room_revoked"
                    )
                )
            case saga.TryNextTherapist(code):
                self._next[appointment.id] = (appointment, code)
            case saga.Reject(code):
                self.reject(appointment, code)

    def _confirm(self, appointment: Appointment) -> None:
        old = appointment.moves_from
        appointment.confirm()
        self.changes.settle(appointment)
        self.changes.free(appointment, high=appointment.attempt - 1)
        self.changes.resolve(appointment)
        said = facts(appointment)
        if old is None:
            self.tx.announce(AppointmentConfirmed(**said, assignment_version=appointment.assignment_version))
        else:
            self.tx.announce(AppointmentRescheduled(**said, previous_starts_at=old["starts_at"], reason=old.get("why")))

    def reject(self, appointment: Appointment, code: str) -> None:
        """Refused: room-equipment gives back what it holds, and whoever waits is told. A refused move changes nothing
        there: the old slot was kept."""
        if appointment.moving:
            self._refuse_move(appointment, code)
            return
        said, others = facts(appointment), self.parties.others(appointment)
        appointment.reject(code)
        self.changes.settle(appointment)
        low = 0 if appointment.ended else appointment.attempt  # an older slot keeps its therapist
        self.changes.free(appointment, low=low)
        self.tx.announce(
            AppointmentRejected(**(said | {"version": appointment.version, "room_id": None}), code=Refusal(code))
        )
        for other in others:
            if other.in_party:  # else it fell with the one before
                self.reject(other, Refusal.NOT_ALL_POSSIBLE)

    def _refuse_move(self, appointment: Appointment, code: str) -> None:
        lost = (appointment.resume or {}).get("lost")
        appointment.reject(code)
        self.changes.settle(appointment)
        self.changes.free(appointment, low=appointment.attempt)
        self.tx.announce(AppointmentRescheduleRefused(**facts(appointment), code=Refusal(code)))
        if lost is not None:  # its room changed while the new slot was asked for: told now that the old one stands
            moved = appointment.status is not Status.NEEDS_ATTENTION
            if not moved:
                self.changes.ask_person(appointment, "displaced", lost["reason"])
            self.tx.announce(AppointmentDisplaced(**facts(appointment), moved=moved, **lost))

    async def finish(self) -> None:
        """Save all of it; then tell those who wait in this process."""
        if self._next:
            await self._try_next()
        settled = list(self.changes.settled.values())
        SETTLED.will_tell(self.changes.settled)
        await self.changes.save(self.tx)
        if self._running:
            await store.hold_started(self.tx, self._running)
        if settled:
            self.tx.after_commit(lambda: SETTLED.tell(settled))

    # --- rooms and sessions -----------------------------------------------------------------------------------------

    def _room(self, appointment: Appointment, event: RoomAssigned | RoomReassigned) -> bool:
        previous = appointment.room_id
        if isinstance(event, RoomAssigned) and not answers(appointment, event):
            return False
        reason = getattr(event, "reason", "reassigned")
        if appointment.hear_of_old_room(event.attempt, event.assignment_version, event.room_id, reason):
            self.changes.touch(appointment)
            return False
        if not appointment.hear_room(event.attempt, event.assignment_version, event.room_id):
            return False
        if appointment.status is not Status.PENDING:
            self.changes.step(appointment)
            self.tx.announce(
                AppointmentDisplaced(
                    **facts(appointment),
                    moved=True,
                    previous_room_id=previous,
                    reason=reason,
                )
            )
        return True

    def _revoked(self, appointment: Appointment, event: RoomRevoked) -> bool:
        if appointment.hear_of_old_room(event.attempt, event.assignment_version, None, event.reason):
            self.changes.touch(appointment)
            return False
        if not appointment.lose_room(event.attempt, event.assignment_version):
            return False
        if appointment.status is Status.NEEDS_ATTENTION:
            self.changes.step(appointment)
            self.changes.ask_person(appointment, "displaced", event.reason)
            self.tx.announce(
                AppointmentDisplaced(
                    **facts(appointment), moved=False, previous_room_id=event.room_id, reason=event.reason
                )
            )
        return True

    def _started(self, appointment: Appointment, event: SessionStarted) -> bool:
        ended, moving = appointment.ended, appointment.status is Status.PENDING and appointment.resume is not None
        attempt = int((appointment.resume or {}).get("attempt", appointment.attempt))
        if not appointment.start(event.assignment_version, event.room_id, event.therapist_id, event.started_at):
            return False
        self.changes.step(appointment)
        if moving:  # the new slot is not wanted any more; whoever waits for it hears that the session runs
            self.changes.free(appointment, low=attempt + 1)
            self.changes.settled[appointment.id] = appointment
        if ended:
            self.changes.ask_person(appointment, "started_after_end", "session_started_after_its_appointment_ended")
        self.changes.resolve(appointment)
        self._running.append(
            {"id": appointment.id, "attempt": attempt, "therapist_id": event.therapist_id,
             "starts_at": event.started_at, "ends_at": event.ends_at}
        )  # fmt: skip
        self.tx.announce(AppointmentStarted(**facts(appointment)))
        return True

    def _finished(self, appointment: Appointment, event: SessionFinished) -> bool:
        if not appointment.finish(event.assignment_version, event.finished_at):
            return False
        self.changes.step(appointment)
        self.changes.free(appointment)
        self.changes.resolve(appointment, "overran")
        self._running = [session for session in self._running if session["id"] != appointment.id]
        self.tx.announce(AppointmentCompleted(**facts(appointment), result=event.result))
        return True

    # --- the next therapist -----------------------------------------------------------------------------------------

    async def _try_next(self) -> None:
        """Ask again for those whose unnamed therapist was too heavy; reject those for whom nobody is left."""
        left: dict[UUID, list[UUID]] = {}
        waiting = {
            id: entry for id, entry in self._next.items()
            if isinstance(saga.decide(entry[0]), saga.TryNextTherapist)
        }  # fmt: skip
        for id, ground in (await booking.next_ground(self.tx, sorted(waiting))).items():
            a = waiting[id][0]
            order = candidates.choose(ground.candidates, id, a.ends_at, ground.zone, ground.skill, a.requires_bar)
            left[id] = [who for who in order if who not in (*a.tried_therapist_ids, a.therapist_id)]
        while waiting:
            for id in [id for id in waiting if not left.get(id)]:
                appointment, code = waiting.pop(id)
                if appointment.status is Status.PENDING:  # not if it fell with another of its party
                    self.reject(appointment, code)
            waiting = {id: entry for id, entry in waiting.items() if entry[0].status is Status.PENDING}
            got = await store.claim(self.tx, [wanted(a, left[id][0]) for id, (a, _) in waiting.items()])
            for id in [id for id in waiting if id in got]:
                appointment, _ = waiting.pop(id)
                appointment.ask_next(left[id][0])
                self.changes.step(appointment)
                self.changes.asked.add(id)
                kept = int((appointment.resume or {}).get("attempt", -1))
                self.changes.free(appointment, low=kept + 1, high=appointment.attempt - 1)
                self.tx.announce(asked(appointment))
            for id in waiting:
                left[id].pop(0)
