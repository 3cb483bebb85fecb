"""The audit log: who did what to which thing, and why. Ids only."""

from uuid import UUID

from shared.kit import telemetry
from shared.kit.auth import Principal
from shared.kit.database import Transaction

_INSERT = """
INSERT INTO audit_log (actor, action, subject_kind, subject_id, branch_id, reason, trace_id)
VALUES (:actor, :action, :kind, :id, :branch_id, :reason, :trace_id)
"""


async def record(
    tx: Transaction,
    who: Principal | str,
    action: str,
    kind: str,
    id: UUID | str,
    *,
    branch_id: UUID | None = None,
    reason: str = "",
) -> None:
    """Write it down in the same transaction. `action` is a past-tense word such as `read_answers`."""
    actor = who if isinstance(who, str) else who.subject
    await tx.run(
        _INSERT,
        {"actor": actor, "action": action, "kind": kind, "id": str(id), "branch_id": branch_id,
         "reason": reason, "trace_id": telemetry.trace_id()},
    )  # fmt: skip
