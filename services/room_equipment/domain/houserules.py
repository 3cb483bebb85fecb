"""House rules, not standards: no source gives these numbers (domain notes), so each chain and branch may set its own.

A value comes from the branch where it set one, else from the chain, else from the settings. A changed rule concerns
what is decided from then on: a certificate, a load profile and a running session keep what they were given. Only the
safety factor reaches back, to sessions that have not begun (handlers.houserules).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.errors import Invalid

LABEL = "house rule, not a standard"
Source = Literal["default", "chain", "branch"]
Values = Mapping[str, Any]

# What each may be at all; of warning days, each of them.
BOUNDS: dict[str, tuple[int, int]] = {
    "inspection_interval_months": (1, 24),
    "safety_factor": (1, 10),
    "load_profile_months": (1, 60),
    "turnover_minutes": (0, 240),
    "early_start_minutes": (0, 240),
    "check_minutes": (1, 720),
    "warning_days": (1, 365),
    "overdue_days": (0, 365),
}
# A therapist is measured for the whole chain, so the age of that is no branch's to say.
CHAIN_ONLY = frozenset({"load_profile_months"})


@dataclass(frozen=True, slots=True)
class HouseRules:
    """Months, minutes and the factor on a therapist's mass. `check_minutes`: how old a check before use may be."""

    inspection_interval_months: int = 6
    safety_factor: Decimal = Decimal(2)
    load_profile_months: int = 12
    turnover_minutes: int = 15
    early_start_minutes: int = 10
    check_minutes: int = 60
    warning_days: tuple[int, ...] = (30, 14, 7, 1)
    overdue_days: int = 7


NAMES = tuple(rule.name for rule in fields(HouseRules))


def over(rules: HouseRules, values: Values) -> HouseRules:
    """These rules with what a chain or branch set for itself, as it is stored."""
    found = {name: values[name] for name in NAMES if values.get(name) is not None}
    if "safety_factor" in found:
        found["safety_factor"] = Decimal(str(found["safety_factor"]))
    if "warning_days" in found:
        found["warning_days"] = tuple(found["warning_days"])
    return replace(rules, **found)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """What holds where: the settings, what the chain set over them, and what each branch set over that."""

    default: HouseRules = field(default_factory=HouseRules)
    chain: Values = field(default_factory=dict)
    branches: Mapping[UUID, Values] = field(default_factory=dict)

    def of(self, branch_id: UUID | None) -> HouseRules:
        """The rules in force in a branch, or in the chain."""
        rules = over(self.default, self.chain)
        own = self.branches.get(branch_id) if branch_id is not None else None
        return over(rules, own) if own else rules

    def with_values(self, branch_id: UUID | None, values: Values) -> "RuleBook":
        """The book, were this set there."""
        if branch_id is None:
            return replace(self, chain=values)
        return replace(self, branches={**self.branches, branch_id: values})

    def sources(self, branch_id: UUID | None) -> dict[str, tuple[Any, Source]]:
        """Each value in force and where it comes from."""
        rules, own = self.of(branch_id), self.branches.get(branch_id, {}) if branch_id is not None else {}
        found: dict[str, tuple[Any, Source]] = {}
        for name in NAMES:
            source: Source = "default" if self.chain.get(name) is None else "chain"
            found[name] = (getattr(rules, name), "branch" if own.get(name) is not None else source)
        return found

    def furthest_warning(self) -> int:
        """The most days before an end that anyone is warned."""
        return max(day for id in (None, *self.branches) for day in self.of(id).warning_days)

    def overdue(self) -> tuple[int, dict[str, int]]:
        """The chain's days after which a lapse is overdue, and those of branches that set rules, by id."""
        return self.of(None).overdue_days, {str(id): self.of(id).overdue_days for id in self.branches}

    def factors(self) -> tuple[Decimal, list[UUID], list[Decimal]]:
        """The chain's safety factor, and the branches that have their own, with it."""
        own = [id for id, values in self.branches.items() if values.get("safety_factor") is not None]
        return self.of(None).safety_factor, own, [self.of(id).safety_factor for id in own]


def book_of(default: HouseRules, rows: Sequence[tuple[UUID | None, Values]]) -> RuleBook:
    """The book of what is stored: (branch or None for the chain, values)."""
    chain = next((values for branch_id, values in rows if branch_id is None), {})
    return RuleBook(default, chain, {id: values for id, values in rows if id is not None})


def check(values: Values, branch_id: UUID | None, least_factor: Decimal) -> None:
    """
    Raises:
        Invalid: a rule that is the chain's alone, a factor below the least one, warning days that are not distinct.
    """
    for name in CHAIN_ONLY if branch_id is not None else ():
        if values.get(name) is not None:
            raise Invalid("chain_rule", "This rule is one for the whole chain. Set it there.", pointer=f"/{name}")
    factor = values.get("safety_factor")
    if factor is not None and factor < least_factor:
        raise Invalid(
            "safety_factor_too_low",
            f"The safety factor may not be below {least_factor} here (setting safety_factor_minimum).",
            pointer="/safety_factor",
        )
    days = values.get("warning_days")
    if days is not None and len(set(days)) != len(days):
        raise Invalid("warning_days_repeat", "Name each number of days once.", pointer="/warning_days")
