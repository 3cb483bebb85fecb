"""`/v1/retention`: how long answers are kept, per chain and branch, and what is past its time."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import Field

from services.screening.handlers import retain
from services.screening.store import retention as store
from shared.errors import Forbidden
from shared.kit.auth import Principal, requires
from shared.kit.body import Answer, Body, example
from shared.kit.unit import Tx, router

retention = router("/v1/retention", "retention")
WRITE = requires("ops:write")
Months = Annotated[int, Field(ge=1, le=600, description="After the last session or standing; null: for ever.")]


class Rule(Body):
    """`branch_id` null: every branch without a rule of its own."""

    model_config = example(branch_id=None, months=36)

    branch_id: UUID | None
    months: Months | None


class RuleAnswer(Answer):
    branch_id: UUID | None
    months: int | None


class RetentionAnswer(Answer):
    """`default_months` holds where no rule does (house rule, not a standard). `due`: clients past their time now."""

    default_months: int | None
    rules: list[RuleAnswer]
    due: int


class Run(Body):
    model_config = example(dry_run=True)

    dry_run: bool


class RunAnswer(Answer):
    """One run destroys 500 clients' answers at most; `due` is what is left."""

    destroyed: int
    due: int


@retention.get("")
async def show(tx: Tx, request: Request, who: Principal = requires("ops:read")) -> RetentionAnswer:
    """The rules, and how many clients' answers are past their time."""
    rules = [RuleAnswer.model_validate(row) for row in await store.rules(tx)]
    return RetentionAnswer(
        default_months=request.app.state.settings.retention_months or None,
        rules=[rule for rule in rules if rule.branch_id is None or who.sees(rule.branch_id)],
        due=await retain.due(tx),
    )


@retention.put("")
async def change(tx: Tx, request: Request, body: Rule, who: Principal = WRITE) -> RetentionAnswer:
    """Set a rule. A client of several branches is kept as long as the one that keeps longest. Audited."""
    await retain.rule(tx, who, body.branch_id, body.months)
    return await show(tx, request, who)


@retention.post("/runs")
async def run(tx: Tx, body: Run, who: Principal = WRITE) -> RunAnswer:
    """Destroy what is past its time now instead of within the hour; `dry_run` only counts. Audited by client."""
    if who.branches is not None:
        raise Forbidden("all_branches_needed", "Only a caller who sees every branch may run the retention.")
    destroyed = 0 if body.dry_run else await retain.run(tx)
    return RunAnswer(destroyed=destroyed, due=await retain.due(tx))
