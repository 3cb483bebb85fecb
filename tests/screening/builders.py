"""Nouns of screening's tests: a healthy client's answers, and one who declares something."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.screening.domain.calendar import Session
from services.screening.domain.decision import Decision, decide
from services.screening.domain.protocol import Protocol, Section
from services.screening.protocols import shipped

TODAY = date(2026, 3, 10)

BACK_STEPPING: Protocol = shipped().get("back-stepping")
MASSAGE: Protocol = shipped().get("massage")
BOTH = [BACK_STEPPING, MASSAGE]


def healthy(protocol: Protocol = BACK_STEPPING, section: Section = Section.STANDING) -> dict[str, str]:
    """ "no" to everything that is asked of everybody."""
    return {question.id: "no" for question in protocol.asked(section) if question.asked_when is None}


def declaring(protocol: Protocol = BACK_STEPPING, /, **answers: str) -> dict[str, str]:
    """A healthy client's standing answers but for these."""
    return healthy(protocol) | answers


def decided(protocol: Protocol = BACK_STEPPING, /, **answers: str) -> Decision:
    """The standing decision on them."""
    return decide(protocol, Section.STANDING, declaring(protocol, **answers))


def arriving(protocol: Protocol = BACK_STEPPING, /, **answers: str) -> Decision:
    """The decision on arrival answers, healthy but for these."""
    return decide(protocol, Section.ARRIVAL, healthy(protocol, Section.ARRIVAL) | answers)


def session(day: date = TODAY, hour: int = 12, minutes: int = 60) -> Session:
    """An hour at noon in UTC."""
    starts_at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Session(starts_at, starts_at + timedelta(minutes=minutes), ZoneInfo("UTC"))
