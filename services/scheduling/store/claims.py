"""How an expired hold gives way: it is deleted in the statement that wants its time, or right before it.

The exclusion constraint knows no clock. A hold that is being confirmed at the same moment is waited for and then stays:
the row that is deleted is read again, and by then it expires no more.
"""

from collections.abc import Sequence
from typing import Any

from shared.kit.database import Transaction

# As a part of a statement that inserts a claim: the insert must read from it, or it might come first.
GIVE_WAY = """
DELETE FROM therapist_claims e WHERE e.therapist_id = CAST(:therapist_id AS uuid)
    AND e.during && tstzrange(CAST(:starts_at AS timestamptz), :ends_at)
    AND e.expires_at <= clock_timestamp() RETURNING 1
"""
_GIVE_WAY_TO = """
DELETE FROM therapist_claims e
USING jsonb_to_recordset(CAST(:claims AS jsonb)) AS c (therapist_id uuid, starts_at timestamptz, ends_at timestamptz)
WHERE e.therapist_id = c.therapist_id AND e.during && tstzrange(c.starts_at, c.ends_at)
    AND e.expires_at <= clock_timestamp()
"""


async def expired_give_way(tx: Transaction, claims: Sequence[dict[str, Any]]) -> None:
    """Before claims of {therapist_id, starts_at, ends_at} are made."""
    await tx.run(_GIVE_WAY_TO, {"claims": list(claims)})
