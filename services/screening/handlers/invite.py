"""Inviting a client to their own page, and taking an invitation back."""

from typing import Any
from uuid import UUID

from services.screening.domain.errors import (
    ClientNotFound,
    InvitationNotFound,
    InvitationOver,
    UnknownProtocol,
    UnknownReference,
    WrongAppointment,
)
from services.screening.handlers.known import awaited, locked_client
from services.screening.settings import Settings
from services.screening.store import appointments, clients, invitations, protocols
from shared.events.screening import InvitationIssued
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id
from shared.kit.unit import UnitOfWork


async def invite(
    unit: UnitOfWork,
    who: Principal,
    *,
    client_id: UUID,
    protocol: str,
    appointment_id: UUID | None,
    locale: str | None,
    send: bool,
) -> Any:
    """A new invitation; the client's other one for this protocol opens nothing any more. Gives its row.

    `send`: the client is written to.

    Raises:
        UnknownReference: client, protocol or appointment.
        ClientNotFound, NotFound: the client or the appointment is in another branch.
        WrongAppointment: it is another client's, of another protocol, or has begun.
    """
    appointment = None
    if appointment_id is not None:
        appointment = await awaited(
            unit, lambda tx: appointments.read(tx, appointment_id), "appointment", "appointment_id"
        )
    client = await locked_client(unit, who, client_id)
    tx = await unit.begin()
    try:
        await protocols.get(tx, protocol)
    except UnknownProtocol:
        raise UnknownReference("protocol", "protocol") from None
    if appointment is not None:
        who.must_see(appointment.branch_id, "appointment_not_found", "There is no such appointment.")
        if appointment.client_id != client_id or appointment.protocol != protocol:
            raise WrongAppointment("This client has no such appointment that needs this protocol.")
        if appointment.starts_at <= client.now:
            raise WrongAppointment("This session has begun: ask the questions at the desk.")
    branch_id = appointment.branch_id if appointment is not None else _branch_of(who, client.branch_ids)
    id = new_id()
    await invitations.insert(
        tx,
        id=id,
        client_id=client_id,
        branch_id=branch_id,
        protocol=protocol,
        appointment_id=appointment_id,
        locale=locale,
        created_by=who.subject,
        days=Settings().invitation_days,
        latest=appointment.starts_at if appointment is not None else None,
    )
    await audit.record(tx, who, "invited", "client", client_id, branch_id=branch_id)
    row = await invitations.read(tx, id)
    if send:
        tx.announce(
            InvitationIssued(invitation_id=id, client_id=client_id, branch_id=branch_id, expires_at=row.expires_at)
        )
    return row


def _branch_of(who: Principal, branch_ids: list[UUID]) -> UUID:
    """The client's first branch that the caller sees: whom the page says to call."""
    found = next((branch for branch in branch_ids if who.sees(branch)), None)
    if found is None:
        raise ClientNotFound
    return found


async def visible(tx: Transaction, who: Principal, id: UUID) -> Any:
    """The row of an invitation whose client the caller sees.

    Raises:
        InvitationNotFound.
    """
    row = await invitations.read(tx, id)
    if row is None or not who.sees_any(row.branch_ids):
        raise InvitationNotFound
    return row


async def revoke(tx: Transaction, who: Principal, id: UUID) -> Any:
    """The link opens nothing any more, and what was answered so far is gone. Doing it twice does no harm.

    Raises:
        InvitationNotFound.
        InvitationOver: it was used, or its time is over.
    """
    row = await visible(tx, who, id)
    if await clients.hold(tx, row.client_id) is None:
        raise ClientNotFound
    row = await invitations.lock(tx, id)
    if row.state == "revoked":
        return row
    if row.state not in invitations.LIVE:
        raise InvitationOver(row.state)
    await invitations.revoke(tx, id)
    await audit.record(tx, who, "revoked_invitation", "client", row.client_id, branch_id=row.branch_id)
    return await invitations.read(tx, id)
