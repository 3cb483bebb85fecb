"""At the door: the day's questions, and the limits the therapist has read."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.screening.domain import answers as answered
from services.screening.domain.arrival import Arrival
from services.screening.domain.calendar import local_day, zone
from services.screening.domain.decision import Decision, decide
from services.screening.domain.errors import (
    Erased,
    InvalidAnswers,
    NotTheirTherapist,
    Superseded,
    UnknownProtocol,
    WrongAppointment,
)
from services.screening.domain.protocol import Protocol, Section
from services.screening.domain.redeciding import letter_reasons
from services.screening.handlers.announcing import standing_changed
from services.screening.handlers.known import awaited, locked_client
from services.screening.handlers.reading import Limit, audit_reading, door_decision, limits_of, unseal, visible
from services.screening.store import appointments, clients, protocols, screenings
from services.screening.store.clients import Client
from services.screening.vault import ClientVault, Vault
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id
from shared.kit.unit import UnitOfWork


@dataclass(frozen=True)
class Arrived:
    """What was answered at the door and decided for this local day."""

    id: UUID
    protocol: Protocol
    decision: Decision
    arrival: Arrival
    local_day: date
    now: datetime


async def arrive(
    unit: UnitOfWork, vault: Vault, who: Principal, *, client_id: UUID, appointment_id: UUID, answers: dict[str, str]
) -> Arrived:
    """Keep the arrival answers. They hold for this local day of the branch; a decline at the door stays for the day.
    "Changed since last visit" ends the standing answers: nothing is confirmed or started before all are asked again.

    Raises:
        UnknownReference, WrongAppointment, InvalidAnswers.
        NotFound: the client or the appointment is in another branch.
    """
    appointment = await awaited(unit, lambda tx: appointments.read(tx, appointment_id), "appointment", "appointment_id")
    client = await locked_client(unit, who, client_id)
    who.must_see(appointment.branch_id, "appointment_not_found", "There is no such appointment.")
    if appointment.client_id != client_id:
        raise WrongAppointment("This client has no such appointment.")
    tx = await unit.begin()
    protocol = await _protocol_of(tx, appointment)
    day = local_day(client.now, zone(appointment.timezone))
    if faults := answered.faults(protocol, Section.ARRIVAL, answers, day):
        raise InvalidAnswers(faults)
    kept = await clients.vault_of(tx, vault, client)
    decision = decide(protocol, Section.ARRIVAL, answers)
    arrival = Arrival.decided(decision, client.now, await _lettered(tx, kept, client, protocol.name, day))
    if await appointments.declined_on(tx, client_id, day):
        arrival = replace(arrival, declined=True)
    id = new_id()
    await appointments.insert_arrival(
        tx,
        client,
        arrival,
        id=id,
        appointment_id=appointment_id,
        protocol=protocol.name,
        protocol_version=protocol.version,
        local_day=day,
        recorded_by=who.subject,
        vault=kept.seal("arrival", id, {"answers": answers, "day": day}),
    )
    if decision.renews:
        for row in await screenings.outdate(tx, client):
            told = replace(client, facts=row.version)
            tx.announce(standing_changed(told, row.protocol, screenings.standing_of(row)))
    return Arrived(id, protocol, decision, arrival, day, client.now)


async def _protocol_of(tx: Transaction, appointment: Any) -> Protocol:
    if appointment.protocol is None:
        raise WrongAppointment("This appointment's treatment needs no screening.")
    try:
        return await protocols.get(tx, appointment.protocol)
    except UnknownProtocol:
        raise WrongAppointment("This appointment's treatment names a protocol that is not known here.") from None


async def _lettered(tx: Transaction, kept: ClientVault, client: Client, protocol: str, day: date) -> frozenset[str]:
    """The reasons a letter that holds today already speaks about."""
    present = await screenings.current(tx, client.id, protocol)
    if present is None or present.letter_until is None or present.letter_until < day:
        return frozenset()
    row = await screenings.read(tx, present.screening_id)
    unsealed = await unseal(tx, kept, row)
    return letter_reasons(unsealed.now)


@dataclass(frozen=True)
class Acknowledged:
    """The limits as the therapist of the session has read them."""

    id: UUID
    appointment_id: UUID
    therapist_id: UUID
    acknowledged_at: datetime
    protocol: Protocol
    limits: list[Limit]


async def acknowledge(
    unit: UnitOfWork, vault: Vault, who: Principal, screening_id: UUID, appointment_id: UUID
) -> Acknowledged:
    """The assigned therapist has read the limits; a later letter or new answers at the door ask for it again.

    Raises:
        UnknownReference, NotTheirTherapist, Superseded, Erased.
        NotFound: the screening or the appointment is in another branch.
    """
    row = await visible(await unit.begin(), who, screening_id)
    appointment = await awaited(unit, lambda tx: appointments.read(tx, appointment_id), "appointment", "appointment_id")
    client = await locked_client(unit, who, row.client_id)
    tx = await unit.begin()
    therapist_id = who.therapist_id
    own = (appointment.client_id, appointment.protocol, appointment.therapist_id)
    who.must_see(appointment.branch_id, "appointment_not_found", "There is no such appointment.")
    if therapist_id is None or own != (client.id, row.protocol, therapist_id):
        raise NotTheirTherapist
    row = await visible(tx, who, screening_id)  # as it is now that the client is locked
    present = await screenings.current(tx, client.id, row.protocol)
    if present is None or client.key is None or row.vault is None:
        raise Erased
    if present.screening_id != screening_id:
        raise Superseded
    kept = vault.unwrap(client.id, client.key)
    unsealed = await unseal(tx, kept, row)
    door = await appointments.latest_arrival(tx, client.id, row.protocol)
    await audit_reading(tx, who, "acknowledged_limits", row, f"appointment {appointment_id}")
    id = new_id()
    at = await appointments.acknowledge(
        tx,
        id=id,
        appointment_id=appointment_id,
        screening_id=screening_id,
        standing_version=present.version,
        arrival_id=door.id if door else None,
        therapist_id=therapist_id,
    )
    decisions = [unsealed.now, *([await door_decision(tx, kept, door)] if door else [])]
    limits = limits_of(decisions, unsealed.letters)
    return Acknowledged(id, appointment_id, therapist_id, at, unsealed.protocol, limits)
