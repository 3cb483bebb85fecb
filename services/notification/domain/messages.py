"""What a message is for, and whether it still is when its turn comes.

The sender asks scheduling for the appointment's present state right before it sends: reminders and confirmations
after a cancellation are what users of other systems complain about (Cal.com #7225).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Purpose(StrEnum):
    """Also the name of the message's template."""

    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    MOVED = "moved"
    NEEDS_CHANGE = "needs-change"
    ATTENTION = "attention"
    AT_RISK = "at-risk"
    RENEW = "renew"
    ROOM_CLOSING = "room-closing"
    INSPECTION_DUE = "inspection-due"
    CERTIFICATE_LAPSED = "certificate-lapsed"
    OVERRAN = "overran"
    WAITLIST_OFFER = "waitlist-offer"
    INVITED = "invited"
    CANCELLED_OFFER = "cancelled-offer"
    ESCALATED = "escalated"
    CALL_BACK = "call-back"

    @property
    def is_urgent(self) -> bool:
        """Goes before everything else, and at once."""
        return self in (Purpose.AT_RISK, Purpose.ROOM_CLOSING, Purpose.OVERRAN)

    @property
    def is_about_assets(self) -> bool:
        """Of a bar or what hangs on it: room-equipment is asked, not scheduling."""
        return self in (Purpose.INSPECTION_DUE, Purpose.CERTIFICATE_LAPSED)

    @property
    def is_told_together(self) -> bool:
        """All that wait for one branch go in one mail."""
        return self in (Purpose.ATTENTION, Purpose.ESCALATED) or self.is_about_assets


class Recipient(StrEnum):
    CLIENT = "client"
    BRANCH = "branch"


@dataclass(frozen=True, slots=True)
class Appointment:
    """What scheduling says of it at this moment."""

    id: UUID
    status: str
    starts_at: datetime
    room_id: UUID | None


@dataclass(frozen=True, slots=True)
class Asset:
    """What room-equipment says of a bar or accessory at this moment. `ends_at`: its certificate's, None without one."""

    label: str
    room_code: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What scheduling says of an offer of the waitlist at this moment. `address`: where it is answered."""

    state: str
    treatment_id: UUID
    therapist_id: UUID
    expires_at: datetime
    address: str | None


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why there is a message: what its event said. `starts_at` is the session's; of a risk or overrun, since when; of
    an inspection, when its certificate ends; of an invitation, when its link does."""

    purpose: Purpose
    starts_at: datetime
    room_id: UUID | None


UNDECIDED = "pending"
"""Another slot is being asked for: in a moment it is known what is true."""

_COMING = frozenset({"confirmed"})


def no_longer_true(
    occasion: Occasion,
    appointment: Appointment | None,
    now: datetime,
    asset: Asset | None = None,
    link: str | None = None,
    offer: Offer | None = None,
) -> str | None:
    """Why the message must not be sent any more, as a code; None when it still holds.

    What is urgent is always told: it concerns people in the room, and the branch can judge what is over.
    """
    if occasion.purpose.is_urgent:
        return None
    if occasion.purpose.is_about_assets:
        if asset is None:
            return "asset_gone"
        return None if asset.ends_at == occasion.starts_at else "inspected_since"
    if occasion.purpose is Purpose.INVITED:
        return None if link else "invitation_over"
    if occasion.purpose is Purpose.WAITLIST_OFFER:
        if offer is None:
            return "offer_gone"
        return None if offer.state == "open" and offer.expires_at > now else f"now_{offer.state}"
    if appointment is None:
        return "appointment_gone"
    match occasion.purpose:
        case Purpose.CANCELLED | Purpose.CANCELLED_OFFER:
            return None if appointment.status == "cancelled" else f"now_{appointment.status}"
        case Purpose.NEEDS_CHANGE | Purpose.ATTENTION | Purpose.CALL_BACK:
            return None if appointment.status == "needs_attention" else f"now_{appointment.status}"
        case Purpose.ESCALATED if appointment.status in ("needs_attention", "checked_in"):
            return None
    if appointment.status not in _COMING:
        return f"now_{appointment.status}"
    if appointment.starts_at != occasion.starts_at:
        return "rescheduled"
    if occasion.purpose is Purpose.MOVED and appointment.room_id != occasion.room_id:
        return "moved_again"
    return "started" if appointment.starts_at <= now else None


FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=10)
MOST_ATTEMPTS = 10
"""After the tenth attempt, a quarter of an hour after the first, a message has failed (house rule). A mail server that
cannot be reached at all costs no attempt."""


def retry_after(attempts: int, chance: float) -> timedelta | None:
    """The wait before the next attempt, or None when there is none.

    Doubles from 2 s up to 10 min; `chance` in [0, 1) spreads it over ±25 % so that a mail server that comes back is not
    met by everything at once.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    wait = min(FIRST_RETRY * (1 << (attempts - 1)), LONGEST_RETRY)
    return wait * (0.75 + chance / 2)


def masked(address: str) -> str:
    """What is kept of an address after sending: enough to recognise it, not to use it (`m…@e….org`)."""
    local, _, domain = address.rpartition("@")
    host, _, top = domain.rpartition(".")
    return f"{local[:1]}…@{host[:1]}….{top}" if local and host else "…"
