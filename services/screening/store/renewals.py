"""Booked sessions for whose clients new answers may be needed, each looked at once a state of the standing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.kit.database import Transaction

# A candidate is judged by the domain's own rule; here only what cannot need it is left out.
_DUE = """
SELECT a.id, a.client_id, a.branch_id, a.protocol, a.starts_at, a.ends_at, b.timezone, s.version, s.valid_until,
    s.declined, s.asks_again, s.until_well, s.deferred_until, s.needs_clearance, s.has_limits, s.letter_until
FROM appointments a
JOIN standings s ON s.client_id = a.client_id AND s.protocol = a.protocol
LEFT JOIN branches b ON b.id = a.branch_id
WHERE a.starts_at > clock_timestamp()
  AND a.starts_at <= clock_timestamp() + make_interval(days => CAST(:days AS int))
  AND a.renewal_asked_version IS DISTINCT FROM s.version AND NOT s.declined
  AND (s.asks_again OR s.valid_until <= a.starts_at + interval '1 day'
       OR s.letter_until <= a.ends_at + interval '1 day')
ORDER BY a.starts_at, a.id LIMIT :limit FOR NO KEY UPDATE OF a SKIP LOCKED
"""


async def due(tx: Transaction, days: int, limit: int) -> Sequence[Any]:
    """Sessions within the next `days` whose client's standing may not hold until then, locked."""
    return await tx.all(_DUE, {"days": days, "limit": limit})


async def mark(tx: Transaction, looked_at: Sequence[tuple[UUID, int]]) -> int:
    """They were looked at with this version of the standing: nobody is asked twice for the same."""
    return await tx.run(
        "UPDATE appointments a SET renewal_asked_version = m.version"
        " FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS m (id, version) WHERE a.id = m.id",
        {"ids": [id for id, _ in looked_at], "versions": [version for _, version in looked_at]},
    )
