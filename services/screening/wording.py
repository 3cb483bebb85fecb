"""Decisions in words, as far as the caller may read them."""

from collections.abc import Iterable
from datetime import date

from services.screening.domain.decision import Decision
from services.screening.domain.protocol import Outcome, Protocol
from services.screening.handlers.reading import Limit as LimitCode
from services.screening.protocols import words
from services.screening.schemas import Limit, Reason

_NOT_ELIGIBLE = {
    "en": "Not eligible for {title} at present.",
    "zh-Hans": "目前不适合：{title}。",
    "de": "Zurzeit nicht möglich: {title}.",
    "es": "Por ahora no es posible: {title}.",
}


def reasons(protocol: Protocol, decision: Decision, day: date, locale: str) -> list[Reason]:
    """Each finding that matters on that day, and each open question, by code. Only for `screening:answers`."""
    found = [
        Reason(code=finding.reason, detail=words(protocol.outcomes[finding.outcome_on(day)], locale))
        for finding in decision.findings_on(day)
    ]
    ask = words(protocol.ask_again, locale)
    found += [Reason(code=f"unsure:{id}", detail=ask) for id in decision.open_questions]
    return [*found, Reason(code="answers_outdated", detail=ask)] if decision.renews else found


def withheld(protocol: Protocol, outcome: Outcome, locale: str) -> list[Reason]:
    """What everybody else reads: the outcome, never the condition."""
    if outcome is Outcome.CLEARED:
        return []
    return [Reason(code="not_eligible", detail=_NOT_ELIGIBLE[locale].format(title=words(protocol.title, locale)))]


def limits(protocol: Protocol, codes: Iterable[LimitCode], locale: str) -> list[Limit]:
    """What the therapist leaves out; a letter speaks in its own words."""
    return [
        Limit(code=code, detail=text if text is not None else _limit(protocol, code, locale)) for code, text in codes
    ]


def _limit(protocol: Protocol, code: str, locale: str) -> str:
    """A limit from the door may be of another version than the standing's; its code is better than nothing."""
    return words(protocol.limits[code], locale) if code in protocol.limits else code
