"""HTTP shapes of the console."""

from datetime import datetime

from pydantic import Field

from services.console.mailbox import Mail
from shared.kit.body import Answer


class MailAnswer(Answer):
    """A caught mail. `from` and `to` are those of the envelope: who really sent, and who really gets it."""

    id: int
    sender: str = Field(serialization_alias="from")
    to: list[str]
    subject: str
    date: str
    message_id: str
    received_at: datetime
    headers: dict[str, str]
    text: str

    @classmethod
    def of(cls, mail: Mail) -> "MailAnswer":
        return cls(
            id=mail.number,
            sender=mail.sender,
            to=list(mail.recipients),
            subject=mail.header("subject"),
            date=mail.header("date"),
            message_id=mail.header("message-id"),
            received_at=mail.received_at,
            headers=dict(mail.headers),
            text=mail.text,
        )
