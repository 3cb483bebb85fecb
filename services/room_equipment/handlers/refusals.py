"""The refusal of a placement as a problem: its code, what stands in the way until when, and what to do next.

Looked up only once something is refused. Says nothing of another branch, and no number of a load.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.room_equipment.domain.clearance import Reason
from services.room_equipment.domain.errors import step
from services.room_equipment.domain.placement import NoRoom, Wish, could_take
from services.room_equipment.store import clearances, placing, rooms, work_orders
from shared.errors import Refused
from shared.kit.database import Transaction

MOST_GAPS = 20  # of rooms that are not cleared, where none of a branch is


async def explained(
    tx: Transaction, refusal: NoRoom, wish: Wish, branch_id: UUID, therapist_id: UUID | None
) -> Refused:  # fmt: skip
    """What to raise. The caller has locked the branch's rooms."""
    locked = await rooms.lock(tx, [branch_id])
    others = await _others(tx, locked, wish, branch_id)
    extra: dict[str, Any] = {}
    if refusal.room_id is not None:
        extra["room_id"] = str(refusal.room_id)
    todo: list[dict[str, Any]] = []
    if refusal.code == "room_not_certified" and refusal.room_id is not None:
        (gap,) = await _gaps(tx, [refusal.room_id], refusal.gap_at or wish.starts_at, wish)
        extra |= _named_gap(gap, wish) | {"reason": gap["reason"], "gap_reason": gap["reason"]}
        todo += await _repairs(tx, gap["reason"], gap["bar_ids"])
    elif refusal.code == "room_closed" and refusal.room_id is not None and refusal.gap_at is not None:
        extra |= {"reason": "closed", "gap_reason": "closed", "gap_at": refusal.gap_at.isoformat()}
        todo.append(step("reopen_room", room_id=str(refusal.room_id)))
    elif refusal.code == "no_certified_room":
        extra["gaps"] = await _gaps(tx, [row.id for row in locked if row.in_service], wish.starts_at, wish)
        for gap in extra["gaps"]:
            todo += await _repairs(tx, gap["reason"], gap["bar_ids"])
    elif refusal.code == "load_profile_required":
        todo.append(step("record_load_profile", therapist_id=str(therapist_id)))
    elif refusal.code == "slot_taken":
        until = await placing.taken_until(tx, refusal.room_id, wish.starts_at)
        todo.append(step("choose_time", not_before=until.isoformat() if until else None))
    todo += [step("choose_room", room_ids=others)] if others else []
    if refusal.code in ("load_profile_required", "load_rating_exceeded"):
        todo.append(step("choose_therapist"))
    todo += [] if any(done["action"] == "choose_time" for done in todo) else [step("choose_time")]
    return Refused(refusal.code, refusal.next_step, **extra, next=todo)


async def _others(tx: Transaction, locked: Sequence[Any], wish: Wish, branch_id: UUID) -> list[str]:
    """The branch's other rooms that would take the session as it is."""
    asked: dict[str, list[Any]] = {
        "branches": [branch_id], "starts": [wish.starts_at], "ends": [wish.ends_at],
        "turnovers": [wish.turnover_minutes], "named": [None], "therapists": [None], "treatments": [],
        "appointments": [wish.appointment_id],
    }  # fmt: skip
    scene = await placing.read(tx, locked, asked)
    return [str(id) for id in could_take(wish, scene.rooms.values()) if id != wish.room_id]


async def _gaps(tx: Transaction, room_ids: Sequence[UUID], at: datetime, wish: Wish) -> list[dict[str, Any]]:
    """Why each room is not cleared, from when to when, and which bars it is."""
    states = {state.room_id: state for state in await rooms.states(tx, room_ids)}
    found: list[dict[str, Any]] = []
    for row in await clearances.gaps_over(tx, room_ids, at, wish.ends_at):
        problems = {bar.id: bar.problem(max(row.starts_at, at)) for bar in states[row.room_id].bars}
        found.append(
            {
                "room_id": str(row.room_id),
                "reason": row.reason,
                "starts_at": row.starts_at.isoformat(),
                "ends_at": row.ends_at.isoformat() if row.ends_at else None,
                "bar_ids": [str(id) for id, reason in problems.items() if reason is not None],
            }
        )
    if not found and len(room_ids) == 1:  # before anything was said of the room
        found = [{"room_id": str(room_ids[0]), "reason": "never_inspected", "starts_at": at.isoformat(),
                  "ends_at": None, "bar_ids": [str(bar.id) for bar in states[room_ids[0]].bars]}]  # fmt: skip
    return found[:MOST_GAPS] if len(room_ids) > 1 else found[:1]


def _named_gap(gap: dict[str, Any], wish: Wish) -> dict[str, Any]:
    """`cleared_until` where the room is cleared to begin with, but not to the end."""
    begins = datetime.fromisoformat(gap["starts_at"])
    shown = {name: gap[name] for name in ("reason", "starts_at", "ends_at", "bar_ids")}
    return {
        "gap": shown,
        "gap_at": max(begins, wish.starts_at).isoformat(),
        "cleared_until": gap["starts_at"] if begins > wish.starts_at else None,
    }


async def _repairs(tx: Transaction, reason: Reason, bar_ids: list[str]) -> list[dict[str, Any]]:
    """What would clear the room: the inspection that is missing, and what must come before it."""
    match reason:
        case "no_bar":
            return [step("mount_bar"), step("inspect_bar", kind="installation")]
        case "too_few_bars":
            return [step("mount_bar"), step("inspect_bar", kind="installation"), step("lower_bars_required")]
        case "never_inspected":
            return [step("inspect_bar", kind="installation", bar_ids=bar_ids)]
        case "lapsed":
            return [step("inspect_bar", kind="periodic", bar_ids=bar_ids)]
        case "closed":
            return [step("reopen_room")]
        case "out_of_service":
            return [step("put_into_service", bar_ids=bar_ids), step("remove_bar", bar_ids=bar_ids)]
    orders = [str(id) for id in await work_orders.open_of(tx, [UUID(id) for id in bar_ids])]
    repair = [step("complete_work_order", work_order_ids=orders)] if orders else []
    return [*repair, step("inspect_bar", kind="after_event", bar_ids=bar_ids, by="another_person")]
