"""The standings that planned series ask for."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.events.scheduling import SeriesPlanned
from shared.kit.database import Transaction

_STANDINGS = """
SELECT q.id, b.timezone, s.*
FROM unnest(CAST(:ids AS uuid[]), CAST(:clients AS uuid[]), CAST(:branches AS uuid[]), CAST(:protocols AS text[]))
    AS q (id, client_id, branch_id, protocol)
LEFT JOIN branches b ON b.id = q.branch_id
LEFT JOIN standings s ON s.client_id = q.client_id AND s.protocol = q.protocol
"""


async def standings(tx: Transaction, plans: Sequence[SeriesPlanned]) -> dict[UUID, Any]:
    """By series: its branch's zone and its client's standing (null columns: none)."""
    rows = await tx.all(
        _STANDINGS,
        {
            "ids": [plan.series_id for plan in plans],
            "clients": [plan.client_id for plan in plans],
            "branches": [plan.branch_id for plan in plans],
            "protocols": [plan.screening_protocol for plan in plans],
        },
    )
    return {row.id: row for row in rows}
