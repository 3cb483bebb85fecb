"""From answers to an outcome. Pure: the same answers, version and day give the same decision for ever.

Order of strictness (domain: Screening, "strictest source wins"): declined, then what is still open (asked again,
nothing confirmed), then deferred, then a clearance letter, then cleared, perhaps with limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.screening.domain.answers import answered_date, is_open
from services.screening.domain.calendar import add_months
from services.screening.domain.protocol import NO, Outcome, Protocol, Rule, Section


@dataclass(frozen=True)
class Finding:
    """One rule that holds. `deferred_until` is the last day that still waits; with `until_well` no day is known."""

    reason: str
    outcome: Outcome
    limits: tuple[str, ...] = ()
    deferred_until: date | None = None
    until_well: bool = False
    minutes: int | None = None
    then: Outcome = Outcome.CLEARED

    def outcome_on(self, day: date) -> Outcome:
        over = self.deferred_until is not None and day > self.deferred_until
        return self.then if over else self.outcome


@dataclass(frozen=True)
class Decision:
    """What the answers of one section lead to. `open_questions`: missing or unsure, so asked again.

    `renews`: something changed since the standing answers were given, so they no longer count.
    """

    findings: tuple[Finding, ...]
    open_questions: tuple[str, ...]
    renews: bool = False

    @property
    def declined(self) -> bool:
        return any(finding.outcome is Outcome.DECLINED for finding in self.findings)

    @property
    def until_well(self) -> bool:
        return any(finding.until_well for finding in self.findings)

    @property
    def deferred_until(self) -> date | None:
        """The last day of the longest deferral with a known end, also one that is over by now."""
        return max((f.deferred_until for f in self.findings if f.deferred_until), default=None)

    @property
    def minutes(self) -> int:
        return max((finding.minutes or 0 for finding in self.findings), default=0)

    @property
    def needs_clearance(self) -> bool:
        """Whether a letter is needed, now or once the deferral is over."""
        return any(Outcome.CLEARANCE_REQUIRED in (f.outcome, f.then) for f in self.findings)

    @property
    def limits(self) -> tuple[str, ...]:
        return tuple(sorted({limit for finding in self.findings for limit in finding.limits}))

    @property
    def reasons(self) -> frozenset[str]:
        return frozenset(finding.reason for finding in self.findings)

    def outcome_on(self, day: date) -> Outcome:
        """The outcome without any letter, on a local day. Open questions wait like a deferral without an end."""
        found = [finding.outcome_on(day) for finding in self.findings]
        if self.open_questions or self.renews:
            found.append(Outcome.DEFERRED)
        return max(found, key=lambda outcome: outcome.severity, default=Outcome.CLEARED)

    def findings_on(self, day: date) -> list[Finding]:
        """The findings that still matter on that day, strictest first."""
        live = [f for f in self.findings if f.limits or f.outcome_on(day) is not Outcome.CLEARED]
        return sorted(live, key=lambda finding: (-finding.outcome_on(day).severity, finding.reason))


def decide(protocol: Protocol, section: Section, answers: Mapping[str, str]) -> Decision:
    """Apply every rule whose answers were given; nothing declared means cleared."""
    asked, given, settled = protocol.asked(section), answers.items(), protocol.settled(section)
    unsettled = [question for question in asked if (question.id, answers.get(question.id)) not in settled]
    return Decision(
        findings=tuple([_finding(rule, answers) for rule in protocol.ruled(section) if rule.when.items() <= given]),
        open_questions=tuple([question.id for question in unsettled if is_open(question, answers)]),
        renews=section is Section.ARRIVAL and any(each.renews == answers.get(each.id, NO) for each in asked),
    )


def _finding(rule: Rule, answers: Mapping[str, str]) -> Finding:
    deferral = rule.deferral
    if deferral is None:
        return Finding(rule.reason, rule.outcome, rule.limits)
    start = answered_date(answers.get(deferral.after)) if deferral.after else None
    until = None
    if start is not None:
        until = add_months(start, deferral.months) if deferral.months else start + timedelta(days=deferral.days or 0)
    return Finding(rule.reason, rule.outcome, rule.limits, until, deferral.until_well, deferral.minutes, rule.then)
