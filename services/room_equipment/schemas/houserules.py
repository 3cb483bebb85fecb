"""House rules of the chain and of branches."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from services.room_equipment.domain.houserules import BOUNDS, LABEL
from services.room_equipment.schemas.values import DisplacedLists
from shared.kit.body import Answer, Body, example


def _between(name: str) -> Any:
    return Field(ge=BOUNDS[name][0], le=BOUNDS[name][1])


Day = Annotated[int, _between("warning_days")]


class NewHouseRules(Body):
    """All that is set here. Null or left out, a rule is the next above's: the chain's, or the default."""

    model_config = example(
        inspection_interval_months=6,
        safety_factor=2.5,
        warning_days=[30, 14, 7, 1],
    )

    inspection_interval_months: Annotated[int, _between("inspection_interval_months")] | None = Field(
        None, description="The longest a certificate holds. One that was given keeps its end."
    )
    safety_factor: (
        Annotated[Decimal, Field(ge=BOUNDS["safety_factor"][0], le=BOUNDS["safety_factor"][1], decimal_places=2)] | None
    ) = Field(
        None, description="On the therapist's mass. Raised, it displaces sessions whose bars are too weak for it."
    )
    load_profile_months: Annotated[int, _between("load_profile_months")] | None = Field(
        None, description="How old a load profile may be; the chain's only. Concerns measurements from now on."
    )
    turnover_minutes: Annotated[int, _between("turnover_minutes")] | None = Field(
        None, description="Of a new room that names none."
    )
    early_start_minutes: Annotated[int, _between("early_start_minutes")] | None = Field(
        None, description="How long before its time a session may start."
    )
    check_minutes: Annotated[int, _between("check_minutes")] | None = Field(
        None, description="How old a check before use may be at the start."
    )
    warning_days: Annotated[list[Day], Field(min_length=1, max_length=10)] | None = Field(
        None, description="Days before a certificate ends, each warned of once."
    )
    overdue_days: Annotated[int, _between("overdue_days")] | None = Field(
        None, description="Local days a lapse may last before it is overdue on the due list."
    )


class RuleAnswer(Answer):
    """A value and where it comes from."""

    value: Any
    source: Literal["default", "chain", "branch"]
    label: str = LABEL


class HouseRulesAnswer(Answer):
    """`version` counts what was set here, 0 if nothing was; `rules` is what is in force here."""

    branch_id: UUID | None
    version: int
    rules: dict[str, RuleAnswer]


class HouseRulesChanged(HouseRulesAnswer, DisplacedLists):
    """What is in force now, and what a changed safety factor did to sessions."""


class HouseRulesVersion(Answer):
    """What was set, not what was in force: rules that are not named were the next above's."""

    branch_id: UUID | None
    version: int
    rules: dict[str, Any]
    set_at: datetime
    set_by: str
