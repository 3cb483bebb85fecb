"""/v1/appointments: the booking saga over HTTP. A POST waits for the outcome as long as its caller prefers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Query, Request, Response

from services.scheduling.api import answers
from services.scheduling.api.cursors import after_start
from services.scheduling.api.places import IdFilter, Reader, Writer
from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.errors import Unknown
from services.scheduling.handlers import booking, desk, holds
from services.scheduling.handlers.booking import Wish
from services.scheduling.schemas import bookings as shapes
from services.scheduling.settings import settings
from services.scheduling.store import appointments as store
from services.scheduling.waiting import SETTLED
from shared.kit.auth import Principal
from shared.kit.body import Instant
from shared.kit.ids import new_id
from shared.kit.paging import Cursor, Limit, Page, check_if_match, page
from shared.kit.unit import Tx, Unit, UnitOfWork, router

routes = router("/v1/appointments", "appointments")
Prefer = Annotated[str | None, Header(description="`wait=N`: wait up to N seconds for the outcome (at most 20).")]
OUTCOMES: dict[int | str, dict[str, Any]] = {
    201: {"model": shapes.Appointment, "description": "Confirmed."},
    202: {"model": shapes.Appointment, "description": "Still pending: ask again at `Location`."},
}


@routes.post("", responses=OUTCOMES, status_code=201)
async def book(body: shapes.NewAppointment, who: Writer, unit: Unit, prefer: Prefer = None) -> Response:
    """Ask for a session. 409 carries the rejection's `code`, the `appointment_id` and `alternatives`."""
    if unit.replayed is not None:
        return await present(unit, who, unit.replayed)
    id = body.hold_id or new_id()
    return await settled(unit, who, id, prefer, partial(_ask, unit, who, id, body))


async def settled(
    unit: UnitOfWork, who: Principal, id: UUID, prefer: str | None, ask: Callable[[], Awaitable[booking.Asked]]
) -> Response:
    """Ask, wait for the outcome as long as the caller prefers, and answer it."""
    with SETTLED.expect(id) as outcome:
        asked = await ask()
        appointment = asked.appointment
        await unit.commit(resource_id=id)
        if appointment.status is Status.PENDING:
            try:
                known = await asyncio.wait_for(outcome, answers.wait_seconds(prefer))
            except TimeoutError:
                known = appointment
            if known is None:
                return await present(unit, who, id)
            appointment = known
    if appointment.status is Status.REJECTED:
        return await answers.rejected(unit, appointment, asked.local_time)
    return answers.booked(answers.shown(appointment, asked))


async def _ask(unit: UnitOfWork, who: Principal, id: UUID, body: shapes.NewAppointment) -> booking.Asked:
    """A room registered a moment ago may not have been heard of yet: it is waited for, holding no connection."""
    wish = Wish(
        branch_id=body.branch_id,
        treatment_id=body.treatment_id,
        client_id=body.client_id,
        starts_at=body.starts_at,
        starts_local=body.starts_at_local,
        therapist_id=body.therapist_id,
        room_id=body.room_id,
        room_flexible=body.room_flexible,
        notes=body.notes,
        walk_in=body.walk_in,
    )
    if body.hold_id is not None:
        tx = await unit.begin()
        await holds.check_is(tx, who, id, wish)
        said = holds.Confirmation(
            client_id=body.client_id, room_id=body.room_id, room_flexible=body.room_flexible, notes=body.notes
        )
        return await holds.confirm(tx, who, id, said)
    deadline = time.monotonic() + settings().reference_seconds
    while True:
        try:
            async with unit.statements() as tx:
                return await booking.request(tx, who, id, wish)
        except Unknown as unknown:
            if unknown.code != "unknown_room" or time.monotonic() > deadline:
                raise
        await unit.commit()
        await asyncio.sleep(0.1)


async def present(unit: UnitOfWork, who: Principal, id: UUID, *, created: bool = True) -> Response:
    """The answer that its present state gives."""
    row = await desk.visible(await unit.begin(), who, id)
    if row.status == Status.REJECTED:
        return await answers.rejected(unit, store.from_row(row), None)
    return answers.booked(answers.of_row(row), created=created)


@routes.get("")
async def list_appointments(
    who: Reader,
    tx: Tx,
    limit: Limit = 50,
    cursor: Cursor = None,
    status: Annotated[list[Status] | None, Query()] = None,
    branch_id: UUID | None = None,
    client_id: UUID | None = None,
    therapist_id: UUID | None = None,
    from_: Annotated[Instant | None, Query(alias="from")] = None,
    to: Instant | None = None,
    id: IdFilter = None,
) -> Page[shapes.Appointment]:
    """By start. `from` and `to` are compared with the start, `to` excluded. `id` stands in for all other filters."""
    if id is not None:
        named = await store.by_ids(tx, id, who.branch_list)
        return Page(items=[shapes.Appointment(**answers.of_row(row)) for row in named])
    after_at, after_id = after_start(cursor)
    rows: Sequence[Any] = await store.select(
        tx,
        {"branches": who.branch_list, "branch_id": branch_id, "client_id": client_id, "therapist_id": therapist_id,
         "statuses": status, "from": from_, "to": to, "limit": limit + 1,
         "after_at": after_at, "after_id": after_id},
    )  # fmt: skip
    rows, next_cursor = page(rows, limit, lambda row: (row.starts_at, row.id))
    return Page(items=[shapes.Appointment(**answers.of_row(row)) for row in rows], next_cursor=next_cursor)


@routes.get("/{appointment_id}", response_model=shapes.Appointment)
async def get_appointment(appointment_id: UUID, who: Reader, tx: Tx) -> Response:
    """An appointment as it is now."""
    return answers.state(answers.of_row(await desk.visible(tx, who, appointment_id)))


@routes.get("/{appointment_id}/history")
async def get_history(appointment_id: UUID, who: Reader, tx: Tx) -> shapes.History:
    """Every version it had, oldest first."""
    await desk.visible(tx, who, appointment_id)
    rows = await store.history(tx, appointment_id)
    return shapes.History(items=[shapes.HistoryEntry.model_validate(row) for row in rows])


@routes.post("/{appointment_id}/cancel", response_model=shapes.Appointment)
async def cancel(
    appointment_id: UUID, who: Writer, tx: Tx, request: Request, body: shapes.Cancellation | None = None
) -> Response:
    """Gives back the therapist's time and the room. `cancelled` says whether it was late, and with which fee."""
    appointment = await acted_on(tx, who, appointment_id, request)
    said = body or shapes.Cancellation()
    await desk.cancel(tx, appointment, said.reason, who.subject, said.code)
    return answers.state(answers.of_row(await desk.visible(tx, who, appointment_id)))


@routes.post("/{appointment_id}/check-in", response_model=shapes.Appointment)
async def check_in(appointment_id: UUID, who: Writer, tx: Tx, request: Request) -> Response:
    """The client has arrived."""
    appointment = await acted_on(tx, who, appointment_id, request)
    await desk.check_in(tx, appointment, who.subject)
    return answers.state(answers.of_row(await desk.visible(tx, who, appointment_id)))


@routes.post("/{appointment_id}/no-show", response_model=shapes.Appointment)
async def no_show(appointment_id: UUID, who: Writer, tx: Tx, request: Request) -> Response:
    """From the session's start on."""
    appointment = await acted_on(tx, who, appointment_id, request)
    await desk.mark_missed(tx, appointment, who.subject)
    return answers.state(answers.of_row(await desk.visible(tx, who, appointment_id)))


async def acted_on(tx: Tx, who: Principal, id: UUID, request: Request) -> Appointment:
    appointment = await desk.locked(tx, who, id)
    # The kept answer to a repeated POST holds its notes: it goes when the client is erased.
    request.state.unit.subject_id = appointment.client_id
    check_if_match(request, appointment.version, required=False)
    return appointment
