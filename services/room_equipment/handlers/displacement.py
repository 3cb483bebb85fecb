"""The displacement engine: what a change of bars does to the sessions above it, in the caller's transaction.

The caller has locked all rooms of the branch (store.rooms.lock), taken the moment, and saved its change; or, for a dry
run, only imagined it. `foresee` looks, `carry_out` writes and announces. The commit then checks every row again.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.room_equipment.domain.clearance import Cleared, Gap
from services.room_equipment.domain.closures import first_touch
from services.room_equipment.domain.displacement import Options, Session, options_of, resolve, stands
from services.room_equipment.domain.placement import Room
from services.room_equipment.domain.roomstate import Outlook, RoomState
from services.room_equipment.handlers.announcing import announce_clearances
from services.room_equipment.solver import Solver
from services.room_equipment.store import assignments, clearances, closures
from services.room_equipment.store import rooms as room_store
from shared.events.room_equipment import RoomReassigned, RoomRevoked, SessionAtRisk
from shared.kit.auth import Principal
from shared.kit.database import Transaction

_AN_INSTANT = timedelta(microseconds=1)


@dataclass(slots=True)
class Displaced:
    """Future sessions that lost their room, of these the moved and the revoked; beside them the running at risk."""

    displaced: list[UUID] = field(default_factory=list)
    moved: list[tuple[UUID, UUID]] = field(default_factory=list)
    revoked: list[UUID] = field(default_factory=list)
    at_risk: list[UUID] = field(default_factory=list)
    optimal: bool = True

    def seen_by(self, who: Principal, rows: Mapping[UUID, Any]) -> "Displaced":
        """Without the sessions of branches this caller does not see: a therapist may work in several."""

        def seen(id: UUID) -> bool:
            return who.sees(rows[id].branch_id)

        return Displaced(
            [id for id in self.displaced if seen(id)], [move for move in self.moved if seen(move[0])],
            [id for id in self.revoked if seen(id)], [id for id in self.at_risk if seen(id)], self.optimal,
        )  # fmt: skip

    def lists(self) -> dict[str, Any]:
        """As answers show them."""
        return {
            "displaced": self.displaced,
            "moved": [{"appointment_id": session, "room_id": room} for session, room in self.moved],
            "revoked": self.revoked,
            "at_risk": self.at_risk,
            "optimal": self.optimal,
        }


@dataclass(slots=True)
class Plan:
    moment: datetime
    outlooks: list[Outlook] = field(default_factory=list)
    rows: dict[UUID, Any] = field(default_factory=dict)
    blocked: dict[UUID, datetime] = field(default_factory=dict)
    at_risk_since: dict[UUID, datetime] = field(default_factory=dict)
    result: Displaced = field(default_factory=Displaced)


async def settle(
    tx: Transaction, locked: Sequence[Any], room_ids: Iterable[UUID], moment: datetime, reason: str,
    bar_id: UUID | None = None,
) -> Displaced:  # fmt: skip
    """After a change of these rooms is saved: bring clearances and sessions in line with it."""
    plan = await foresee(tx, locked, await room_store.states(tx, room_ids), moment)
    await carry_out(tx, plan, reason, bar_id)
    return plan.result


async def foresee(tx: Transaction, locked: Sequence[Any], states: Sequence[RoomState], moment: datetime) -> Plan:
    """What changes when these rooms are as they are now, or as someone imagines them."""
    plan = Plan(moment)
    outlooks = [state.outlook(moment) for state in states]
    recorded = await clearances.ahead(tx, [state.room_id for state in states], moment)
    plan.outlooks = [outlook for outlook in outlooks if not _same(outlook, recorded[outlook.room_id])]
    if not plan.outlooks:
        return plan
    periods = {outlook.room_id: outlook.periods for outlook in plan.outlooks}
    state_of = {state.room_id: state for state in states}
    lost: list[Any] = []
    for row in await assignments.under(tx, list(periods), moment):
        state = state_of[row.room_id]
        if row.started_at is not None:
            since = _at_risk_since(row, state, periods[row.room_id], moment)
            if since is not None:
                plan.rows[row.appointment_id] = row
                plan.at_risk_since[row.appointment_id] = since
                plan.result.at_risk.append(row.appointment_id)
        elif row.requires_bar:
            if not stands(session_of(row), periods[row.room_id], moment, row.blocked_until):
                lost.append(row)
        elif not state.takes_massage(max(row.starts_at, moment), row.blocked_until):
            lost.append(row)
    await find_rooms(tx, plan, locked, lost, not_in=set(periods))
    return plan


def _at_risk_since(row: Any, state: RoomState, periods: Sequence[Cleared], moment: datetime) -> datetime | None:
    """From when on a running session is not covered any more: now, or when its room closes; None if it stays so.

    One that runs over its time is at risk when its room is not cleared now, whatever comes later.
    """
    if row.at_risk_at is not None and row.at_risk_at <= moment:
        return None
    until = max(row.at_risk_at or row.blocked_until, moment + _AN_INSTANT)
    closes = first_touch(state.closures, moment, until)
    if not row.requires_bar:
        return closes
    if stands(session_of(row), periods, moment, until):
        return None
    # What the bars alone would still give: a closure to come leaves them good until then.
    open_until = closes if closes is not None and stands(session_of(row), periods, moment, closes) else None
    return open_until or moment


def session_of(row: Any) -> Session:
    return Session(
        row.appointment_id, row.starts_at, row.ends_at, row.turnover_minutes,
        row.requires_bar, row.load_kg, row.room_flexible,
    )  # fmt: skip


def _same(outlook: Outlook, recorded: Sequence[Cleared | Gap]) -> bool:
    return list(recorded) == outlook.stretches


async def find_rooms(
    tx: Transaction, plan: Plan, locked: Sequence[Any], lost: Sequence[Any], not_in: Iterable[UUID] = ()
) -> None:
    """Fill the plan with where these sessions go, at their time and in their branch. Healthy rooms' sessions stay."""
    result = plan.result
    result.displaced = [row.appointment_id for row in lost]
    plan.rows |= {row.appointment_id: row for row in lost}
    if not lost:
        return
    avoid, branches = set(not_in), {row.branch_id for row in lost}
    others = [room for room in locked if room.branch_id in branches and room.in_service and room.id not in avoid]
    around = await _around(tx, others, lost)
    branch_of = {room.id: room.branch_id for room in locked}
    options = [
        options_of(session_of(row), (r for r in around if r.id != row.room_id and branch_of[r.id] == row.branch_id))
        for row in lost
    ]
    found, result.optimal = await _resolve(options)
    for option in options:
        room_id = found.get(option.appointment_id)
        if room_id is None:
            result.revoked.append(option.appointment_id)
        else:
            result.moved.append((option.appointment_id, room_id))
            plan.blocked[option.appointment_id] = option.rooms[room_id][1]


async def _resolve(options: Sequence[Options]) -> tuple[dict[UUID, UUID], bool]:
    # In a thread, because the solver may think for half a second and other requests must not wait for it.
    return await asyncio.to_thread(resolve, options, Solver())


async def _around(tx: Transaction, rooms: Sequence[Any], lost: Sequence[Any]) -> list[Room]:
    """The rooms that could take a session, with what is in them while the lost ones run."""
    start = min(row.starts_at for row in lost)
    end = max(row.blocked_until for row in lost)
    found = {room.id: Room(room.id, room.code, room.turnover_minutes) for room in rooms}
    if not found:
        return []
    recorded = await clearances.around(tx, list(found), start)
    for room_id, periods in recorded.items():
        found[room_id].cleared = periods
    for room_id, closed in (await closures.ahead(tx, list(found), start)).items():
        found[room_id].closures = closed
    for row in await assignments.busy(tx, list(found), start, end):
        found[row.room_id].busy[row.appointment_id] = (row.starts_at, row.blocked_until)
    return list(found.values())


async def carry_out(tx: Transaction, plan: Plan, reason: str, bar_id: UUID | None = None) -> None:
    """Write it, set-based, and say it."""
    result, rows = plan.result, plan.rows
    if plan.outlooks:
        await clearances.rewrite(tx, plan.outlooks, plan.moment)
    if result.revoked:
        await assignments.leave(tx, result.revoked, "revoked", reason)
    if result.moved:
        moves = [(session, room, plan.blocked[session]) for session, room in result.moved]
        await assignments.move(tx, moves, reason)
    if result.at_risk:
        await assignments.mark_at_risk(tx, plan.at_risk_since)
    for session, room in result.moved:
        row = rows[session]
        tx.announce(
            RoomReassigned(
                **_next(row), room_id=room, previous_room_id=row.room_id, starts_at=row.starts_at,
                ends_at=row.ends_at, blocked_until=plan.blocked[session], reason=reason,
            )
        )  # fmt: skip
    tx.announce(
        *(RoomRevoked(**_next(rows[id]), room_id=rows[id].room_id, reason=reason) for id in result.revoked),
        *(
            SessionAtRisk(
                **_next(rows[id]),
                room_id=rows[id].room_id,
                bar_id=bar_id,
                at_risk_at=plan.at_risk_since[id],
                reason=reason,
            )
            for id in result.at_risk
        ),
    )
    await announce_clearances(tx, plan.outlooks)


def _next(row: Any) -> dict[str, Any]:
    """What every event of a changed assignment says; each change is the next version."""
    return {
        "appointment_id": row.appointment_id,
        "attempt": row.attempt,
        "assignment_version": row.assignment_version + 1,
        "branch_id": row.branch_id,
    }
