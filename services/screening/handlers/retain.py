"""Retention: answers that nobody needs any more are destroyed; the decision stays."""

from uuid import UUID

from services.screening.handlers.erase import destroy
from services.screening.metrics import RETENTION_DESTROYED, RETENTION_DUE
from services.screening.settings import Settings
from services.screening.store import retention
from shared.errors import Forbidden, NotFound
from shared.events.screening import AnswersErased
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction

BATCH = 500


async def due(tx: Transaction) -> int:
    """How many clients' answers are past their time."""
    rows = await retention.due(tx, _default(), 1)
    return int(rows[0].due) if rows else 0


async def run(tx: Transaction, limit: int = BATCH) -> int:
    """Destroy the answers of the next clients whose time is over: key, answers, letters, documents and arrivals."""
    rows = await retention.due(tx, _default(), limit)
    left = (rows[0].due if rows else 0) - len(rows)
    RETENTION_DUE.set(left)
    if not rows:
        return 0
    months = {row.client_id: row.months for row in rows}
    for id in months:
        reason = f"{months[id]} months after the last session or standing"
        await audit.record(tx, "retention", "erased_answers", "client", id, reason=reason)
    facts = await retention.bump(tx, list(months))
    tx.announce(*(AnswersErased(client_id=row.id, version=row.facts) for row in facts))
    await destroy(tx, list(months))
    RETENTION_DESTROYED.inc(len(rows))
    return len(rows)


async def rule(tx: Transaction, who: Principal, branch_id: UUID | None, months: int | None) -> None:
    """Keep answers so long in a branch, or in every branch without a rule of its own. `months` None: for ever.

    Raises:
        NotFound: the branch is not the caller's.
        Forbidden: the chain's rule is for who sees the whole chain.
    """
    if branch_id is None and who.branches is not None:
        raise Forbidden("all_branches_needed", "Only a caller who sees every branch may set the chain's rule.")
    if branch_id is not None and not who.sees(branch_id):
        raise NotFound("branch_not_found", "There is no such branch.")
    await retention.save(tx, branch_id, months)
    kept = f"{months} months" if months else "for ever"
    await audit.record(tx, who, "set_retention", "branch", branch_id or "chain", branch_id=branch_id, reason=kept)


def _default() -> int | None:
    return Settings().retention_months or None
