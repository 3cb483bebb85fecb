"""What notification does with what it hears: one row a message, in one statement a batch."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.notification import store
from services.notification.bell import BELL
from services.notification.domain.messages import Purpose, Recipient
from services.notification.store import NewMessage
from shared.events.notification import ClientForgottenByNotification
from shared.events.room_equipment import (
    BarInspectionDue,
    BarInspectionExpired,
    EquipmentInspectionDue,
    EquipmentInspectionExpired,
    SessionAtRisk,
    SessionOverran,
)
from shared.events.scheduling import (
    AppointmentCallRequested,
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentDisplaced,
    AppointmentEscalated,
    AppointmentRescheduled,
    ClientChanged,
    ClientErased,
    ClientRegistered,
    WaitlistOffered,
)
from shared.events.screening import InvitationIssued, StandingEnding
from shared.kit.database import Transaction
from shared.kit.ids import new_id
from shared.kit.inbox import Received

AppointmentNews = (
    AppointmentConfirmed
    | AppointmentRescheduled
    | AppointmentCancelled
    | AppointmentDisplaced
    | AppointmentEscalated
    | AppointmentCallRequested
)
InspectionNews = BarInspectionDue | BarInspectionExpired | EquipmentInspectionDue | EquipmentInspectionExpired
ZONE_RULES = "zone_rules_changed"
ClientNews = ClientRegistered | ClientChanged | ClientErased


def _message(
    tx: Transaction, received: Received[Any], recipient: Recipient, purpose: Purpose, *, starts_at: datetime | date,
    appointment_id: UUID | None = None, client_id: UUID | None = None, room_id: UUID | None = None,
    urgent: bool = False, **about: UUID | None,
) -> NewMessage:  # fmt: skip
    """The row that an event asks for, in the event's branch and trace."""
    return NewMessage(
        id=new_id(),
        event_id=received.id,
        recipient=recipient,
        template=purpose,
        appointment_id=appointment_id,
        branch_id=received.event.branch_id,
        client_id=client_id,
        starts_at=starts_at,
        room_id=room_id,
        urgent=urgent,
        traceparent=tx.traces.get(received.key),
        **about,
    )


async def _queue(tx: Transaction, messages: list[NewMessage], *, urgent: bool = False) -> None:
    """Keep them, and wake the sender if there is a new one among them."""
    if await store.queue(tx, messages):
        tx.after_commit(lambda: BELL.ring(urgent=urgent))


async def on_appointment(tx: Transaction, batch: list[Received[AppointmentNews]]) -> None:
    """Confirmed, rescheduled, cancelled, moved, or waiting for a person: somebody is to hear of it.

    Who loses a session by screening is told of other treatments; the message's name says nothing of why.
    """
    messages = [
        _message(
            tx,
            received,
            recipient,
            purpose,
            starts_at=received.event.starts_at,
            appointment_id=received.event.appointment_id,
            client_id=received.event.client_id,
            room_id=received.event.room_id,
        )
        for received in batch
        for recipient, purpose in _letters(received.event)
    ]
    await _queue(tx, messages)


def _letters(event: AppointmentNews) -> Iterator[tuple[Recipient, Purpose]]:
    """Who is told what. Nobody is told of the cancellation that erasing them brought."""
    if isinstance(event, AppointmentEscalated | AppointmentCallRequested):
        yield Recipient.BRANCH, Purpose.ESCALATED if isinstance(event, AppointmentEscalated) else Purpose.CALL_BACK
        return
    if isinstance(event, AppointmentDisplaced):
        if not event.moved:
            yield Recipient.BRANCH, Purpose.ATTENTION
        to_client = Purpose.MOVED if event.moved else Purpose.NEEDS_CHANGE
    elif isinstance(event, AppointmentConfirmed):
        to_client = Purpose.CONFIRMED
    elif isinstance(event, AppointmentRescheduled):
        if event.reason == ZONE_RULES:  # by the branch's clock, which is what was promised, nothing changed
            return
        to_client = Purpose.RESCHEDULED
    elif event.reason == "erased":
        return
    else:
        to_client = Purpose.CANCELLED_OFFER if event.reason == "screening" else Purpose.CANCELLED
    if event.client_id is not None:
        yield Recipient.CLIENT, to_client


async def on_session_at_risk(tx: Transaction, batch: list[Received[SessionAtRisk]]) -> None:
    """A bar failed under a running session, or its room closes: the branch is told before anything else is sent."""
    await _tell_branches(
        tx, batch, lambda event: event.at_risk_at,
        lambda event: Purpose.ROOM_CLOSING if event.reason == "room_closed" else Purpose.AT_RISK,
    )  # fmt: skip


async def on_session_overran(tx: Transaction, batch: list[Received[SessionOverran]]) -> None:
    """A session was not finished when its room was promised to others: the branch looks, and finishes it."""
    await _tell_branches(tx, batch, lambda event: event.blocked_until, lambda _: Purpose.OVERRAN)


async def _tell_branches(
    tx: Transaction, batch: Sequence[Received[Any]], since: Callable[[Any], datetime], purpose: Callable[[Any], Purpose]
) -> None:
    """At once, and each of them in a mail of its own."""
    messages = [
        _message(
            tx,
            received,
            Recipient.BRANCH,
            purpose(received.event),
            starts_at=since(received.event),
            appointment_id=received.event.appointment_id,
            room_id=received.event.room_id,
            urgent=True,
        )
        for received in batch
    ]
    await _queue(tx, messages, urgent=True)


async def on_waitlist_offer(tx: Transaction, batch: list[Received[WaitlistOffered]]) -> None:
    """A slot is held for somebody in line: they are told what, and until when."""
    messages = [
        _message(
            tx,
            received,
            Recipient.CLIENT,
            Purpose.WAITLIST_OFFER,
            starts_at=received.event.starts_at,
            appointment_id=received.event.offer_id,  # the appointment's, if they accept
            client_id=received.event.client_id,
        )
        for received in batch
    ]
    await _queue(tx, messages)


async def on_standing_ending(tx: Transaction, batch: list[Received[StandingEnding]]) -> None:
    """The client is asked for new answers before the session, in words that say nothing about anybody's health."""
    messages = [
        _message(
            tx,
            received,
            Recipient.CLIENT,
            Purpose.RENEW,
            starts_at=received.event.starts_at,
            appointment_id=received.event.appointment_id,
            client_id=received.event.client_id,
            invitation_id=received.event.invitation_id,
        )
        for received in batch
    ]
    await _queue(tx, messages)


async def on_invitation(tx: Transaction, batch: list[Received[InvitationIssued]]) -> None:
    """The client is sent the link to their own page."""
    messages = [
        _message(
            tx,
            received,
            Recipient.CLIENT,
            Purpose.INVITED,
            starts_at=received.event.expires_at,
            client_id=received.event.client_id,
            invitation_id=received.event.invitation_id,
        )
        for received in batch
    ]
    await _queue(tx, messages)


async def on_inspection(tx: Transaction, batch: list[Received[InspectionNews]]) -> None:
    """A certificate ends soon, or has ended: the branch is told, in one mail with what else waits for it."""
    messages = [
        _message(
            tx,
            received,
            Recipient.BRANCH,
            Purpose.CERTIFICATE_LAPSED if _is_over(received.event) else Purpose.INSPECTION_DUE,
            starts_at=received.event.valid_until,
            room_id=received.event.room_id,
            asset_id=_asset_of(received.event),
        )
        for received in batch
    ]
    await _queue(tx, messages)


def _is_over(event: InspectionNews) -> bool:
    return isinstance(event, BarInspectionExpired | EquipmentInspectionExpired)


def _asset_of(event: InspectionNews) -> UUID:
    return event.bar_id if isinstance(event, BarInspectionDue | BarInspectionExpired) else event.equipment_id


async def on_client(tx: Transaction, batch: list[Received[ClientNews]]) -> None:
    """Whose branches may see what was written to them; and who is to be forgotten."""
    clients = [
        {
            "client_id": received.event.client_id,
            "version": received.event.version,
            "branch_ids": [] if isinstance(received.event, ClientErased) else received.event.branch_ids,
            "erased": isinstance(received.event, ClientErased),
        }
        for received in batch
    ]
    await store.save_clients(tx, clients)
    erased = [received.event.client_id for received in batch if isinstance(received.event, ClientErased)]
    if erased:
        await store.forget_clients(tx, erased)
        tx.announce(*(ClientForgottenByNotification(client_id=client_id) for client_id in erased))
