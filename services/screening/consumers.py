"""What screening listens to."""

from services.screening.handlers.erase import erase_clients
from services.screening.handlers.series import judge_series
from services.screening.handlers.standing import answer_requests
from services.screening.store import appointments, clients
from shared.events import scheduling
from shared.kit.database import Transaction
from shared.kit.inbox import Handlers, Received

OffEvent = scheduling.AppointmentRejected | scheduling.AppointmentCancelled | scheduling.AppointmentNoShow
BranchEvent = scheduling.BranchRegistered | scheduling.BranchChanged
ClientEvent = scheduling.ClientRegistered | scheduling.ClientChanged


async def forget_appointments(tx: Transaction, batch: list[Received[OffEvent]]) -> None:
    """It will not happen: its therapist may no longer read the client's limits."""
    await appointments.forget(tx, [received.event.appointment_id for received in batch])


async def restore_appointments(tx: Transaction, batch: list[Received[scheduling.AppointmentRescheduleRefused]]) -> None:
    """The new slot is not to be had: what the session's start depends on is the old one again."""
    await appointments.restore(tx, [received.event for received in batch])


async def learn_branches(tx: Transaction, batch: list[Received[BranchEvent]]) -> None:
    """Only the zone is of interest: whose local day it is."""
    events = [received.event for received in batch]
    await clients.save_branches(
        tx,
        [event.branch_id for event in events],
        [event.version for event in events],
        [event.timezone for event in events],
    )


async def learn_clients(tx: Transaction, batch: list[Received[ClientEvent]]) -> None:
    """Who there is, and in which branches; no name and no contact."""
    await clients.save(
        tx,
        [
            {"id": event.client_id, "version": event.version, "branch_ids": event.branch_ids}
            for event in (received.event for received in batch)
        ],
    )


HANDLERS: Handlers = {
    (scheduling.AppointmentRequested, scheduling.AppointmentRescheduleRequested): answer_requests,
    scheduling.AppointmentRescheduleRefused: restore_appointments,
    scheduling.SeriesPlanned: judge_series,
    (
        scheduling.AppointmentRejected,
        scheduling.AppointmentCancelled,
        scheduling.AppointmentNoShow,
    ): forget_appointments,
    (scheduling.BranchRegistered, scheduling.BranchChanged): learn_branches,
    (scheduling.ClientRegistered, scheduling.ClientChanged): learn_clients,
    scheduling.ClientErased: erase_clients,
}
