"""From a message and what is true now to a mail, or to the reason why there is none."""

from dataclasses import dataclass
from datetime import datetime

from services.notification import mails, wordings
from services.notification.asking import Branch, Present
from services.notification.domain.messages import Purpose, Recipient, masked, no_longer_true
from services.notification.domain.wording import Wording
from services.notification.mails import Sender, UnusableAddress
from services.notification.store import Claimed

UNKNOWN_TREATMENT = "—"


@dataclass(frozen=True, slots=True)
class Letter:
    """Ready to hand over. `sent_to` is what is kept of the address."""

    to: str
    content: bytes
    sent_to: str
    locale: str


@dataclass(frozen=True, slots=True)
class NoLetter:
    """`state` is `dropped` (not true or not wanted any more) or `failed` (it should have gone and cannot)."""

    state: str
    reason: str


def letter(message: Claimed, present: Present, sender: Sender, at: datetime) -> Letter | NoLetter:
    """Write it, if it is still true, still wanted and there is an address.

    The Message-ID comes from the event, the recipient and the channel: sent again after a crash it is the same.
    """
    reason = no_longer_true(message.occasion, present.appointment, message.now)
    if reason is not None:
        return NoLetter("dropped", reason)
    if present.branch is None:
        return NoLetter("failed", "unknown_branch")
    found = _address(message, present, present.branch)
    if isinstance(found, NoLetter):
        return found
    address, name, locale = found
    try:
        to = mails.usable(address)
        reply_to = mails.usable(present.branch.email) if present.branch.email else None
    except UnusableAddress:
        return NoLetter("failed", "address_not_usable")
    words = wordings.wording(locale)
    subject, body = _texts(message, present, present.branch, words, name)
    content = mails.built(
        sender=sender,
        to=to,
        subject=subject,
        body=body,
        message_id=f"<{message.event_id}.{message.recipient}@{sender.domain}>",
        at=at,
        locale=words.locale,
        reply_to=reply_to if message.recipient is Recipient.CLIENT else None,
    )
    return Letter(to, content, masked(to), words.locale)


def _address(message: Claimed, present: Present, branch: Branch) -> tuple[str, str | None, str | None] | NoLetter:
    """Address, name and locale of who gets it."""
    if message.recipient is Recipient.BRANCH:
        return (branch.email, None, branch.locale) if branch.email else NoLetter("failed", "no_address")
    client = present.client
    if client is None:
        return NoLetter("dropped", "client_gone")
    if not message.wanted or "email" not in client.channels:
        return NoLetter("dropped", "not_wanted")
    if not client.email:
        return NoLetter("dropped", "no_address")
    return client.email, client.name, client.locale or branch.locale


def _texts(message: Claimed, present: Present, branch: Branch, words: Wording, name: str | None) -> tuple[str, str]:
    at = message.occasion.starts_at
    if present.appointment is not None and message.occasion.purpose is not Purpose.AT_RISK:
        at = present.appointment.starts_at
    values = {
        "client_name": name or words.someone,
        "branch_name": branch.name,
        "branch_contact": branch.contact,
        "treatment_name": present.treatment_name or UNKNOWN_TREATMENT,
        "when": words.when(at, branch.timezone),
    }
    template = words.texts[message.occasion.purpose]
    return template.subject.filled(values), template.body.filled(values)
