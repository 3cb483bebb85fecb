"""Undecided parties: which of them nobody can wait for any longer."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from services.scheduling.store.saga import LATE, REQUEST
from shared.kit.database import Transaction

# One of whom nothing was heard in time; or one, any, of a party that has lost a member (cancelled before it was whole).
HOPELESS = f"""
SELECT a.id, true AS unanswered FROM appointments a LEFT JOIN {REQUEST} ON true
WHERE a.status = 'pending' AND a.party_id IS NOT NULL AND a.resume IS NULL
  AND (a.screening_answer IS NULL OR a.room_answer IS NULL) AND {LATE}
UNION ALL
SELECT (array_agg(a.id))[1], false FROM appointments a
WHERE a.status = 'pending' AND a.party_id IS NOT NULL AND a.resume IS NULL
GROUP BY a.party_id, a.party_size HAVING count(*) < a.party_size
"""


async def hopeless(
    tx: Transaction, types: Sequence[str], answer_seconds: float, unpublished_minutes: int
) -> Sequence[Row[Any]]:
    """{id, unanswered}, by the database's clock; the deadline of each is that of a booking."""
    return await tx.all(
        HOPELESS, {"types": list(types), "answer_seconds": answer_seconds, "unpublished_minutes": unpublished_minutes}
    )
