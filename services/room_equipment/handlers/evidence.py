"""For any session, past or to come: the bars, inspections, load, checks and people valid at that minute."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from services.room_equipment.domain.clearance import limit_over
from services.room_equipment.handlers.sessions import any_state
from services.room_equipment.store import clearances, inspections, lockouts, sessions
from shared.kit.auth import Principal
from shared.kit.database import Transaction


async def of(tx: Transaction, who: Principal, appointment_id: UUID) -> dict[str, Any]:
    """JSON-ready. Says whether the rating is sufficient, never a mass or a load."""
    row, state = await any_state(tx, who, appointment_id)
    until = row.at_risk_at or row.blocked_until
    periods = [
        period
        for period in (await clearances.around(tx, [row.room_id], row.starts_at)).get(row.room_id, [])
        if period.starts_at < until
    ]
    proof = sorted({id for period in periods for id in period.inspection_ids})
    limit = limit_over(periods, row.starts_at, until)
    return {
        "appointment_id": row.appointment_id,
        "state": state,
        "branch_id": row.branch_id,
        "room_id": row.room_id,
        "therapist_id": row.therapist_id,
        "treatment_id": row.treatment_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "blocked_until": row.blocked_until,
        "started_at": row.started_at,
        "at_risk_at": row.at_risk_at,
        "requires_bar": row.requires_bar,
        "cleared_to_the_end": isinstance(limit, Decimal),
        "load_sufficient": (
            isinstance(limit, Decimal) and row.load_kg is not None and row.load_kg <= limit
            if row.requires_bar else None
        ),
        "clearance": [
            {"starts_at": p.starts_at, "ends_at": p.ends_at, "inspection_ids": list(p.inspection_ids)} for p in periods
        ],
        "inspections": [inspection._asdict() for inspection in await inspections.by_ids(tx, proof)],
        "pre_use_checks": [check._asdict() for check in await lockouts.checks_of(tx, appointment_id, row.branch_id)],
        "fitness": [statement._asdict() for statement in await sessions.fitness_of(tx, appointment_id)],
    }  # fmt: skip
