"""What notification announces: that a message went out, or did not. Never to which address."""

from uuid import UUID

from shared.events.base import Event, Word


class MessageSent(Event, type="caibei.notification.message.sent.v1", key="message_id"):
    message_id: UUID
    appointment_id: UUID | None
    template: Word
    channel: Word


class MessageFailed(Event, type="caibei.notification.message.failed.v1", key="message_id"):
    message_id: UUID
    appointment_id: UUID | None
    template: Word
    channel: Word
    reason: Word


class ClientForgottenByNotification(Event, type="caibei.notification.client.forgotten.v1", key="client_id"):
    """Scheduling erased this client, and notification keeps neither where they were written to nor how they wished."""

    client_id: UUID
