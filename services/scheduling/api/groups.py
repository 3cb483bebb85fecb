"""/v1/groups: several clients at one time, all or none."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Response
from sqlalchemy import Row

from services.scheduling.api import answers
from services.scheduling.api.appointments import Prefer
from services.scheduling.api.cursors import after_start
from services.scheduling.api.places import Reader, Writer
from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.errors import Unknown
from services.scheduling.domain.groups import GroupStatus, status_of
from services.scheduling.handlers import group_slots, groups
from services.scheduling.handlers.booking import Wish
from services.scheduling.handlers.group_slots import Seat
from services.scheduling.handlers.together import Place
from services.scheduling.schemas.bookings import Cancellation
from services.scheduling.schemas.groups import Group, NewGroup
from services.scheduling.settings import settings
from services.scheduling.store import appointments
from services.scheduling.store import groups as store
from services.scheduling.waiting import SETTLED
from shared.errors import Refused
from shared.events.codes import Refusal
from shared.kit import problems
from shared.kit.auth import Principal
from shared.kit.body import Instant
from shared.kit.database import Transaction
from shared.kit.ids import new_id
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, Unit, UnitOfWork, router

routes = router("/v1/groups", "groups")
OUTCOMES: dict[int | str, dict[str, Any]] = {
    201: {"model": Group, "description": "Every member is confirmed."},
    202: {"model": Group, "description": "Still pending, all of it: ask again at `Location`."},
}


@routes.post("", responses=OUTCOMES, status_code=201, response_model=Group)
async def book(body: NewGroup, who: Writer, unit: Unit, prefer: Prefer = None) -> Response:
    """Every member is confirmed, or none. 409 names each member that cannot be by its pointer; nothing is booked."""
    if unit.replayed is not None:
        return await _present(unit, who, unit.replayed)
    id, ids = new_id(), sorted(new_id() for _ in body.members)
    with SETTLED.expect(ids[0]) as outcome:  # all are settled in one transaction
        pending = await _ask(unit, who, id, places(body, ids))
        await unit.commit(resource_id=id)
        if pending:
            with suppress(TimeoutError):
                await asyncio.wait_for(outcome, answers.wait_seconds(prefer))
    return await _present(unit, who, id)


def places(body: NewGroup, ids: Sequence[UUID]) -> list[Place]:
    return [
        Place(
            id,
            Wish(
                branch_id=body.branch_id,
                starts_at=body.starts_at,
                starts_local=body.starts_at_local,
                **member.model_dump(),
            ),
            f"/members/{n}",
        )
        for n, (id, member) in enumerate(zip(ids, body.members, strict=True))
    ]


async def _ask(unit: UnitOfWork, who: Principal, id: UUID, places: Sequence[Place]) -> bool:
    """A room registered a moment ago may not have been heard of yet: it is waited for, holding no connection."""
    deadline = time.monotonic() + settings().reference_seconds
    while True:
        try:
            asked = await groups.ask(await unit.begin(), who, id, places)
            return asked[0].appointment.status is Status.PENDING
        except Unknown as unknown:
            if unknown.code != "unknown_room" or time.monotonic() > deadline:
                raise
        await unit.commit()
        await asyncio.sleep(0.1)


async def _present(unit: UnitOfWork, who: Principal, id: UUID) -> Response:
    tx = await unit.begin()
    group, members = await groups.visible(tx, who, id), await appointments.of_parties(tx, [id])
    shown = _shown(group, members)
    if shown["status"] is GroupStatus.REJECTED:
        return await _refused(tx, id, members)
    pending = shown["status"] is GroupStatus.PENDING
    headers = {"Location": f"/v1/groups/{id}"} | ({"Retry-After": "1"} if pending else {})
    return _answer(shown, 202 if pending else 201, headers)


async def _refused(tx: Transaction, id: UUID, rows: Sequence[Row[Any]]) -> Response:
    """Of each member that could not be had why; the others were refused only because of them."""
    members = [appointments.from_row(row) for row in rows]
    errors = [
        {"pointer": f"/members/{n}", "code": member.code, "detail": answers.why(member), "appointment_id": member.id}
        for n, member in enumerate(members)
        if member.code != Refusal.NOT_ALL_POSSIBLE
    ]
    first: Appointment = next((m for m in members if m.code != Refusal.NOT_ALL_POSSIBLE), members[0])
    seats = [Seat(m.treatment_id, m.therapist_id if m.therapist_named else None) for m in members]
    near = await group_slots.nearest(tx, seats, first.branch_id, first.starts_at)
    offers = [asdict(offer) for offer in near]
    detail = f"{answers.why(first)} Nothing is booked for anybody of the group."
    response = problems.of(Refused(first.code or "", detail, group_id=id, errors=errors, alternatives=offers))
    response.headers["Location"] = f"/v1/groups/{id}"
    return response


def _shown(group: Row[Any], members: Sequence[Row[Any]]) -> dict[str, Any]:
    return {
        "id": group.id,
        "branch_id": group.branch_id,
        "status": status_of([(Status(m.status), appointments.from_row(m).in_party) for m in members]),
        "starts_at": group.starts_at,
        "created_at": group.created_at,
        "members": [answers.of_row(member) for member in members],
    }


def _answer(shown: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = orjson.dumps(shown, default=str, option=orjson.OPT_UTC_Z)
    return Response(body, status, headers, "application/json")


@routes.get("")
async def list_groups(
    who: Reader,
    tx: Tx,
    limit: Limit = 50,
    cursor: Cursor = None,
    branch_id: UUID | None = None,
    from_: Annotated[Instant | None, Query(alias="from")] = None,
    to: Instant | None = None,
) -> Page[Group]:
    """By start. `from` and `to` are compared with the start, `to` excluded."""
    after_at, after_id = after_start(cursor)
    rows: Sequence[Any] = await store.select(
        tx, {"branches": who.branch_list, "branch_id": branch_id, "from": from_, "to": to, "limit": limit + 1,
             "after_at": after_at, "after_id": after_id},
    )  # fmt: skip
    rows, next_cursor = page(rows, limit, lambda row: (row.starts_at, row.id))
    members: dict[UUID, list[Row[Any]]] = {row.id: [] for row in rows}
    for member in await appointments.of_parties(tx, list(members)):
        members[member.party_id].append(member)
    return Page(items=[Group.model_validate(_shown(row, members[row.id])) for row in rows], next_cursor=next_cursor)


@routes.get("/{group_id}", response_model=Group)
async def get_group(group_id: UUID, who: Reader, tx: Tx) -> Response:
    """A group as it is now, each member with an appointment of their own."""
    return _answer(_shown(await groups.visible(tx, who, group_id), await appointments.of_parties(tx, [group_id])))


@routes.post("/{group_id}/cancel", response_model=Group)
async def cancel(group_id: UUID, who: Writer, unit: Unit, body: Cancellation | None = None) -> Response:
    """Every member that still can be, each by its own policy. One member alone: cancel its appointment."""
    if unit.replayed is None:
        said = body or Cancellation()
        await groups.cancel(await unit.begin(), who, group_id, said.reason, said.code)
        # A kept answer would hold the notes of several clients, whoever of them is erased: a repeat is told anew.
        await unit.commit(resource_id=group_id)
    return await get_group(group_id, who, await unit.begin())
