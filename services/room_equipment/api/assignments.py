"""`/v1/assignments`: which session is in which room, the last gate before it starts, and its end."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.api.parameters import From, To, after_time_and_id
from services.room_equipment.domain.gate import Answer, check_therapist
from services.room_equipment.handlers import found
from services.room_equipment.handlers import sessions as handlers
from services.room_equipment.handlers import start as gate
from services.room_equipment.handlers.lockouts import Check
from services.room_equipment.schemas.assignments import (
    AssignmentAnswer,
    Finish,
    FinishedAnswer,
    NewAssignment,
    Start,
)
from services.room_equipment.settings import settings
from services.room_equipment.store import assignments as store
from services.room_equipment.store import overruns, projections
from shared.errors import CaibeiError, Invalid, Unavailable
from shared.kit import problems
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.peers import Peers
from shared.kit.unit import Tx, Unit, router

assignments = router("/v1/assignments", "assignments")


@assignments.get("")
async def list_assignments(
    tx: Tx,
    branch_id: UUID | None = None,
    room_id: UUID | None = None,
    start: From = None,
    end: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = requires("rooms:read"),
) -> Page[AssignmentAnswer]:
    """Live assignments, by time. What is finished, released or revoked is no longer here."""
    if start is not None and end is not None and end <= start:
        raise Invalid("empty_range", "`to` must lie after `from`.")
    after_start, after_id = after_time_and_id(cursor)
    rows = await store.page(
        tx, branches=who.branch_list, branch_id=branch_id, room_id=room_id, start=start, end=end,
        after_start=after_start, after_id=after_id, limit=limit + 1,
    )  # fmt: skip
    shown, after = page(rows, limit, lambda row: (row.starts_at, row.appointment_id))
    return Page(items=[_shown(row, _state(row)) for row in shown], next_cursor=after)


@assignments.post("", status_code=201)
async def assign(
    unit: Unit, body: NewAssignment, response: Response, who: Principal = requires("rooms:operate")
) -> AssignmentAnswer:
    """Give a session a room at once: 201, or 409 with the code of what stands in the way."""
    who.must_see(body.branch_id, "branch_not_found", "There is no such branch.")
    await found.known(unit, projections.branch, body.branch_id, "branch")
    treatment = await found.known(unit, projections.treatment, body.treatment_id, "treatment")
    therapist = await found.known(unit, projections.therapist, body.therapist_id, "therapist")
    if not who.sees_any(therapist.branch_ids):
        raise found.unknown("therapist")
    tx = await unit.begin()
    if body.room_id is not None:
        await handlers.check_room(tx, body.branch_id, body.room_id)
    await handlers.assign_directly(tx, body.model_dump(), treatment)
    row = await store.get(tx, body.appointment_id)
    response.headers["Location"] = f"/v1/assignments/{body.appointment_id}"
    return _shown(row, _state(row))


@assignments.get("/{appointment_id}")
async def show(tx: Tx, appointment_id: UUID, who: Principal = requires("rooms:read")) -> AssignmentAnswer:
    """An assignment, live or past; `state` says which."""
    row, state = await handlers.any_state(tx, who, appointment_id)
    shown = _shown(row, state)
    if row.overran_at is not None:
        shown.delayed_appointment_ids = await overruns.delayed_by(tx, appointment_id)
    return shown


@assignments.post("/{appointment_id}/start", response_model=AssignmentAnswer)
async def start(
    unit: Unit, appointment_id: UUID, body: Start, request: Request, who: Principal = requires("rooms:operate")
) -> Any:
    """The last gate. 409 names the first thing that is not proved; a failed check before use locks the bar out."""
    said = gate.Statement(
        body.therapist_id, [Check(c.bar_id, c.result, c.note) for c in body.pre_use_checks], body.fit_to_perform
    )
    proofs = gate.Proofs(None, None)
    if not said.settles_it:
        row = await gate.visible(await unit.begin(), who, appointment_id)
        check_therapist(row.therapist_id, body.therapist_id, who.therapist_id)
        await unit.commit()  # no connection is held while others are asked
        proofs = await _ask(request.app.state.peers, row)
    outcome = await gate.start(await unit.begin(), who, appointment_id, said, proofs)
    if isinstance(outcome, CaibeiError):
        # Returned, not raised: the lock-out and what it displaced are committed with this answer.
        return problems.of(outcome)
    return _shown(await store.get(await unit.begin(), appointment_id), "running")


async def _ask(peers: Peers, row: Any) -> gate.Proofs:
    """Scheduling and screening, both at once, each for at most a second (rules: Start)."""
    appointment = _get(peers, "scheduling", f"/v1/appointments/{row.appointment_id}", {})
    if row.screening_protocol is None or row.client_id is None:
        return gate.Proofs(await appointment, Answer(404, {}))
    asked = {"protocol": row.screening_protocol, "appointment_id": str(row.appointment_id)}
    standing = _get(peers, "screening", f"/v1/clients/{row.client_id}/standing", asked)
    return gate.Proofs(*await asyncio.gather(appointment, standing))


async def _get(peers: Peers, peer: str, path: str, params: dict[str, Any]) -> Answer:
    try:
        status, body = await peers.get(peer, path, params=params, timeout=settings().proof_seconds)
    except Unavailable:
        return Answer(None, {})
    return Answer(status, body if isinstance(body, dict) else {})


@assignments.post("/{appointment_id}/finish")
async def finish(
    tx: Tx, appointment_id: UUID, body: Finish, who: Principal = requires("rooms:operate")
) -> FinishedAnswer:
    """The session is over, whole or broken off."""
    row, at = await handlers.finish(tx, who, appointment_id, body.result)
    return FinishedAnswer(
        appointment_id=appointment_id, result=handlers.OUTCOME[body.result], finished_at=at, room_id=row.room_id
    )


def _state(row: Any) -> str:
    if row.started_at is None:
        return "assigned"
    return "running" if row.at_risk_at is None else "at_risk"


def _shown(row: Any, state: str) -> AssignmentAnswer:
    return AssignmentAnswer.model_validate(row._asdict() | {"state": state})
