"""Which therapist gives a session, and why none can."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.localtime import day_end

UNAVAILABLE = "therapist_unavailable"
NOT_CERTIFIED = "therapist_not_certified"
TAKEN = "slot_taken"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one therapist for one session.

    `certified_until` is the last local day of the certificate the treatment needs, None without one. `load_ready`:
    her load profile is valid as far as this service knows (advice; only room-equipment refuses for it).
    `sessions` counts her sessions of that day, which is twelve hours before and after.
    """

    therapist_id: UUID
    on_shift: bool
    away: bool
    busy: bool
    certified_until: date | None
    load_ready: bool = True
    sessions: int = 0

    def refusal(self, ends_at: datetime, zone: ZoneInfo, skill: str | None) -> str | None:
        """Why she cannot give a session that ends then, or None."""
        if not self.on_shift or self.away:
            return UNAVAILABLE
        if skill is not None and (self.certified_until is None or day_end(self.certified_until, zone) < ends_at):
            return NOT_CERTIFIED
        return TAKEN if self.busy else None


def choose(
    candidates: Iterable[Candidate], seed: UUID, ends_at: datetime, zone: ZoneInfo, skill: str | None, bar: bool
) -> list[UUID]:
    """Who is free and certified, in the order to try: known load first where bars are used, then fewest sessions
    that day. Ties fall by a hash of `seed`, the appointment's id: the same request tries the same order, and
    requests that race for one hour do not all try the same person first.
    """
    free = [c for c in candidates if c.refusal(ends_at, zone, skill) is None]
    free.sort(key=lambda c: (bar and not c.load_ready, c.sessions, _lot(seed, c.therapist_id)))
    return [c.therapist_id for c in free]


def why_none(candidates: Iterable[Candidate], ends_at: datetime, zone: ZoneInfo, skill: str | None) -> str:
    """The refusal when nobody was named and nobody can: uncertified only if a certificate is all that is missing."""
    refusals = {c.refusal(ends_at, zone, skill) for c in candidates}
    return NOT_CERTIFIED if NOT_CERTIFIED in refusals and TAKEN not in refusals else UNAVAILABLE


def _lot(seed: UUID, therapist_id: UUID) -> bytes:
    return blake2b(seed.bytes + therapist_id.bytes, digest_size=8).digest()
