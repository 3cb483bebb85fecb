"""For any session, past or to come: the bars, inspections, load, checks and people valid at that minute."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.room_equipment.domain.clearance import limit_over
from services.room_equipment.handlers import found
from services.room_equipment.handlers.sessions import any_state
from services.room_equipment.store import clearances, closures, inspections, lockouts, projections, rooms, sessions
from services.room_equipment.store import evidence as store
from shared.kit.auth import Principal
from shared.kit.database import Transaction

AROUND = timedelta(days=1)
"""Lock-outs that were open within a day of the session are shown with it (house rule, not a standard)."""


async def of(tx: Transaction, who: Principal, appointment_id: UUID) -> dict[str, Any]:
    """JSON-ready. Says whether the rating is sufficient, never a mass or a load."""
    row, state = await any_state(tx, who, appointment_id)
    until = row.at_risk_at or row.blocked_until
    periods = [
        period
        for period in (await clearances.around(tx, [row.room_id], row.starts_at)).get(row.room_id, [])
        if period.starts_at < until
    ]
    shut = await closures.touching(tx, row.room_id, row.starts_at, row.blocked_until)
    proof = sorted({id for period in periods for id in period.inspection_ids})
    limit = limit_over(periods, row.starts_at, until)
    room = await rooms.get(tx, row.room_id)
    branch = await projections.branch(tx, row.branch_id)
    return {
        "appointment_id": row.appointment_id,
        "assignment_version": row.assignment_version,
        "state": state,
        "branch_id": row.branch_id,
        "branch_code": branch.code if branch else "",
        "timezone": await found.timezone(tx, row.branch_id),
        "room_id": row.room_id,
        "room_code": room.code if room else "",
        "room_name": room.name if room else "",
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
        "standing": _standing(row),
        "clearance": [
            {"starts_at": p.starts_at, "ends_at": p.ends_at, "inspection_ids": list(p.inspection_ids)} for p in periods
        ],
        "gaps": await _gaps(tx, row),
        **await _bars(tx, row, proof),
        "closures": [closed._asdict() for closed in shut],
        "pre_use_checks": [check._asdict() for check in await lockouts.checks_of(tx, appointment_id, row.branch_id)],
        "fitness": [statement._asdict() for statement in await sessions.fitness_of(tx, appointment_id)],
        "history": [change._asdict() for change in await store.rooms_of(tx, appointment_id)],
    }  # fmt: skip


def _standing(row: Row[Any]) -> dict[str, Any] | None:
    """What the start gate had proved. It lets nothing start that screening does not allow at that moment, arrival
    questions and acknowledged limits included: that it started is the record of it. Nothing of any answer is here."""
    if row.screening_protocol is None:
        return None
    return {
        "protocol": row.screening_protocol,
        "proved_at_start": row.started_at is not None,
        "limits_acknowledged": row.started_at is not None,
        "at": row.started_at,
    }


async def _gaps(tx: Transaction, row: Row[Any]) -> list[dict[str, Any]]:
    """Of the time the room was to be blocked, what was not cleared, and why."""
    stretches = await clearances.between(tx, row.room_id, row.starts_at, row.blocked_until)
    return [
        {"starts_at": s.starts_at, "ends_at": s.ends_at, "reason": s.reason} for s in stretches if s.reason is not None
    ]


async def _bars(tx: Transaction, row: Row[Any], proof: list[UUID]) -> dict[str, Any]:
    """Bars as they hung then, with what was on record of each; of a time before that was kept, those inspected."""
    states = await store.mounted(tx, row.room_id, row.starts_at, row.blocked_until)
    proved = await inspections.by_ids(tx, proof)
    bars = [state._asdict() | {"source": "bar_states"} for state in states]
    known = {state.bar_id for state in states}
    bars += [
        {
            "bar_id": i.bar_id, "serial": i.bar_serial, "rated_load_kg": i.rated_load_kg, "mounting": None,
            "in_service": True, "as_of": i.recorded_at, "until": None, "source": "inspections",
        }
        for i in proved if i.bar_id not in known
    ]  # fmt: skip
    ids = sorted({bar["bar_id"] for bar in bars})
    start = min(row.starts_at, datetime.now(UTC))
    on_record = {i.id: i for i in await store.inspections(tx, ids, start, row.blocked_until)}
    on_record |= {i.id: i for i in proved}
    open_around = await store.lockouts(tx, ids, row.starts_at - AROUND, row.blocked_until + AROUND)
    return {
        "bars": bars,
        "inspections": [
            i._asdict() | {"in_clearance": i.id in proof}
            for i in sorted(on_record.values(), key=lambda i: (i.bar_id, i.sequence))
        ],
        "lockouts": [lockout._asdict() for lockout in open_around],
    }
