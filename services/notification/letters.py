"""From messages and what is true now to mails, or to the reasons why there are none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from services.notification import mails, wordings
from services.notification.asking import Branch, Present
from services.notification.domain.messages import UNDECIDED, Purpose, Recipient, masked, no_longer_true
from services.notification.domain.wording import Wording
from services.notification.mails import Sender, UnusableAddress
from services.notification.store import Claimed
from shared.kit import logging

UNKNOWN = "—"
log = logging.get(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to hand over, and the messages it tells of. `sent_to` is what is kept of the address."""

    messages: Sequence[Claimed]
    to: str
    content: bytes
    sent_to: str
    locale: str


@dataclass(frozen=True, slots=True)
class NoLetter:
    """`state` is `dropped` (not true or not wanted any more), `failed` (it should have gone and cannot) or `queued`
    (it is being decided whether it is true)."""

    messages: Sequence[Claimed]
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Addressee:
    address: str
    name: str | None
    locale: str | None


def letters(
    batch: Sequence[Claimed], present: dict[UUID, Present], sender: Sender, at: datetime
) -> Iterator[Letter | NoLetter]:
    """Write what is still true, still wanted and has an address.

    A branch whose sessions lost their rooms is told of all of them in one mail: a failed bar may displace two hundred.
    So is one whose certificates end: a branch is often inspected in one visit.
    """
    still_true = []
    for message in batch:
        appointment = present[message.id].appointment
        now_true = present[message.id]
        reason = no_longer_true(
            message.occasion, appointment, message.now, now_true.asset, now_true.link, now_true.offer
        )
        if reason is not None and appointment is not None and appointment.status == UNDECIDED:
            yield NoLetter([message], "queued", reason)
        elif reason is not None:
            yield NoLetter([message], "dropped", reason)
        else:
            still_true.append(message)
    for _, together in groupby(sorted(still_true, key=_mail_of), key=_mail_of):
        messages = list(together)
        try:
            yield _letter(messages, [present[message.id] for message in messages], sender, at)
        except (ValueError, KeyError, OSError) as error:  # a zone this machine does not know; the other mails go on
            log.error("mail cannot be written", message_id=str(messages[0].id), error=type(error).__name__)
            yield NoLetter(messages, "failed", "cannot_be_written")


def _mail_of(message: Claimed) -> tuple[bool, str, UUID]:
    """Messages with the same one go in the same mail; those that are urgent come first."""
    purpose = message.occasion.purpose
    together = purpose.is_told_together
    return not purpose.is_urgent, purpose.value if together else "", message.branch_id if together else message.id


def _letter(messages: list[Claimed], present: list[Present], sender: Sender, at: datetime) -> Letter | NoLetter:
    first, branch = messages[0], present[0].branch
    if branch is None:
        return NoLetter(messages, "failed", "unknown_branch")
    found = _addressee(first, present[0], branch)
    if isinstance(found, tuple):
        return NoLetter(messages, *found)
    try:
        to = mails.usable(found.address)
        reply_to = mails.usable(branch.email) if branch.email else None
    except UnusableAddress:
        return NoLetter(messages, "failed", "address_not_usable")
    words = wordings.wording(found.locale)
    subject, body = _texts(messages, present, branch, words, found.name)
    content = mails.built(
        sender=sender,
        to=to,
        subject=subject,
        body=body,
        # From the event, the recipient and the channel: sent again after a crash it is the same.
        message_id=f"<{first.event_id}.{first.recipient}@{sender.domain}>",
        at=at,
        locale=words.locale,
        reply_to=reply_to if first.recipient is Recipient.CLIENT else None,
    )
    return Letter(messages, to, content, masked(to), words.locale)


def _addressee(message: Claimed, present: Present, branch: Branch) -> _Addressee | tuple[str, str]:
    """Who gets it; or the state and reason of a message that nobody gets."""
    if message.recipient is Recipient.BRANCH:
        return _Addressee(branch.email, None, branch.locale) if branch.email else ("failed", "no_address")
    client = present.client
    if client is None:
        return "dropped", "client_gone"
    if not message.wanted or "email" not in client.channels:
        return "dropped", "not_wanted"
    if not client.email:
        return "dropped", "no_address"
    return _Addressee(client.email, client.name, client.locale or branch.locale)


def _texts(
    messages: list[Claimed], present: list[Present], branch: Branch, words: Wording, name: str | None
) -> tuple[str, str]:
    sessions = [_session(message, each, branch, words) for message, each in zip(messages, present, strict=True)]
    values = sessions[0] | {
        "client_name": name or words.someone,
        "branch_name": branch.name,
        "branch_contact": branch.contact,
        "count": str(len(sessions)),
    }
    lines: dict[str, str | Sequence[str]] = {
        "sessions": [words.session.filled(session) for session in sessions],
        "say": _say(present[0], words),
        "assets": [_line(each, branch, words) for each in present if each.asset is not None],
        "answer": [words.answer.filled({"link": each.link}) for each in present if each.link is not None],
        "choose": [] if present[0].choice is None else [words.choose.filled({}), present[0].choice],
        "treatments": [words.treatment.filled({"treatment_name": name}) for name in present[0].treatments],
    }
    purpose = messages[0].occasion.purpose
    if purpose is Purpose.CANCELLED_OFFER and not present[0].treatments:
        purpose = Purpose.CANCELLED  # nothing to offer: the plain one says all there is
    template = words.texts[purpose]
    return template.subject.filled(values), template.body.filled(lines | values)


def _say(present: Present, words: Wording) -> list[str]:
    """The link by which an offer is answered, and what it is for; nothing without one."""
    address = present.offer.address if present.offer is not None else None
    return [] if address is None else [words.say.filled({}), address]


def _line(present: Present, branch: Branch, words: Wording) -> str:
    """One bar or accessory, with the last minute of the day its certificate ends with."""
    asset = present.asset
    assert asset is not None
    assert asset.ends_at is not None
    last = words.when(asset.ends_at - timedelta(minutes=1), branch.timezone)
    return words.asset.filled({"room_code": asset.room_code, "asset_name": asset.label, "when": last})


def _session(message: Claimed, present: Present, branch: Branch, words: Wording) -> dict[str, str]:
    at = message.occasion.starts_at
    if present.appointment is not None and not message.occasion.purpose.is_urgent:
        at = present.appointment.starts_at
    until = present.offer.expires_at if present.offer is not None else at
    return {
        "until": words.when(until, branch.timezone),
        "treatment_name": present.treatment_name or UNKNOWN,
        "therapist_name": present.therapist_name or UNKNOWN,
        "when": words.when(at, branch.timezone),
    }
