"""Where a client stands: at booking, for the desk, and at the start gate."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.screening.domain.arrival import Arrival
from services.screening.domain.calendar import Session, local_day, zone
from services.screening.domain.errors import ClientNotFound, WrongAppointment
from services.screening.domain.protocol import Outcome
from services.screening.domain.standing import Block, Standing, block_for
from services.screening.store import appointments
from services.screening.store.screenings import standing_of
from shared.events.codes import Refusal
from shared.events.scheduling import AppointmentRequested, AppointmentRescheduleRequested
from shared.events.screening import AppointmentBlocked, AppointmentCleared
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.inbox import Received

Question = AppointmentRequested | AppointmentRescheduleRequested


async def answer_requests(tx: Transaction, batch: list[Received[Question]]) -> None:
    """Yes or no to each requested appointment or new slot (rules: Screening, "At booking"); two statements in all."""
    requests = [received.event for received in batch]
    rows = await appointments.ask(tx, requests)
    for request in requests:
        block = _block(request, rows[request.appointment_id])
        ids = {
            "appointment_id": request.appointment_id,
            "attempt": request.attempt,
            "client_id": request.client_id,
        }
        if block is None:
            tx.announce(AppointmentCleared(**ids))
        else:
            tx.announce(AppointmentBlocked(**ids, code=Refusal(block.value)))


def _block(request: Question, row: Any) -> Block | None:
    if request.screening_protocol is None:
        return None
    session = Session(request.starts_at, request.ends_at, zone(row.timezone))
    return block_for(standing_of(row) if row.screening_id is not None else None, session)


@dataclass(frozen=True)
class Stands:
    """A client's standing for a protocol as of now, and of a named appointment whether it may start."""

    protocol: str | None
    row: Any
    standing: Standing | None
    outcome: Outcome | None
    block: Block | None
    arrival_answered: bool | None = None
    limits_acknowledged: bool | None = None

    @property
    def allowed_to_start(self) -> bool:
        """Only for an appointment: everything the start gate asks screening for is there."""
        return self.arrival_answered is not None and self.block is None


async def stands(
    tx: Transaction, who: Principal, client_id: UUID, protocol: str | None, appointment_id: UUID | None
) -> Stands:
    """The standing of a client; with an appointment, the last gate's question (rules: Start, the last gate).

    Raises:
        ClientNotFound: unknown, erased, or in another branch.
        WrongAppointment: another protocol than the appointment's.
    """
    row = await appointments.gate(tx, client_id, protocol, appointment_id)
    if row is None or not who.sees_any(row.branch_ids):
        raise ClientNotFound
    standing = standing_of(row) if row.screening_id is not None else None
    today = local_day(row.now, zone(row.timezone))
    outcome = standing.outcome_on(today) if standing else None
    if appointment_id is None:
        now = Session(row.now, row.now, zone(row.timezone))
        return Stands(protocol, row, standing, outcome, block_for(standing, now))
    if row.appointment_id is None or not who.sees(row.branch_id):
        # Never asked about it, or not this client's: nothing can be proved.
        return Stands(protocol, row, standing, outcome, Block.SCREENING_UNPROVEN, False, False)
    if protocol is not None and protocol != row.appointment_protocol:
        raise WrongAppointment("This appointment's treatment has another screening protocol.")
    if row.appointment_protocol is None:
        return Stands(None, row, None, None, None, True, True)
    arrival = _arrival(row, today)
    acknowledged = row.acknowledged or not _has_limits(standing, arrival)
    block = _gate_block(row, standing, arrival, acknowledged)
    return Stands(row.appointment_protocol, row, standing, outcome, block, arrival is not None, acknowledged)


def _gate_block(row: Any, standing: Standing | None, arrival: Arrival | None, acknowledged: bool) -> Block | None:
    late = max(row.now - row.starts_at, timedelta(0))  # one that starts late also ends late
    session = Session(row.starts_at + late, row.ends_at + late, zone(row.timezone))
    if block := block_for(standing, session):
        return block
    if arrival is None:
        return Block.SCREENING_REQUIRED
    return arrival.block_at(row.now) or (None if acknowledged else Block.LIMITS_NOT_ACKNOWLEDGED)


def _has_limits(standing: Standing | None, arrival: Arrival | None) -> bool:
    return bool((standing and standing.has_limits) or (arrival and arrival.has_limits))


def _arrival(row: Any, today: date) -> Arrival | None:
    """Today's answers at the door. A decline for any treatment today is one for all."""
    if row.arrival_day != today:
        return None
    return Arrival(
        declined=row.declined_on == today,
        asks_again=row.arrival_asks_again,
        until_well=row.arrival_until_well,
        needs_clearance=row.arrival_needs_clearance,
        has_limits=row.arrival_has_limits,
        not_before=row.not_before,
    )
