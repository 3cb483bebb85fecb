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
