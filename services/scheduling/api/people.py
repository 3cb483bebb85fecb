"""/v1/therapists with their shifts and time off, /v1/clients."""

from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import Row

from services.scheduling.api.cursors import after
from services.scheduling.api.places import CodeFilter, IdFilter, Reader, Writer, bounds, given
from services.scheduling.handlers import people
from services.scheduling.schemas.resources import (
    Client,
    ClientChange,
    NewClient,
    NewShift,
    NewTherapist,
    NewTimeOff,
    Shift,
    Therapist,
    TherapistChange,
    TimeOff,
)
from services.scheduling.store import people as store
from services.scheduling.store import shifts
from shared.errors import NotFound
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, page
from shared.kit.unit import Tx, Unit, router

routes = router("/v1", "people")
P = TypeVar("P", Therapist, Client)


@routes.post("/therapists", status_code=201)
async def add_therapist(body: NewTherapist, who: Writer, tx: Tx, response: Response) -> Therapist:
    """Register a therapist with the branches and skills, each skill with the last day of its certificate."""
    row = await people.add_therapist(tx, who, body.model_dump())
    response.headers["Location"], response.headers["ETag"] = f"/v1/therapists/{row.id}", etag(row.version)
    return _shown(Therapist, row, who)


@routes.get("/therapists")
async def list_therapists(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, code: CodeFilter = None
) -> Page[Therapist]:
    """The therapists this token sees, in the order they were registered."""
    rows = await store.list_therapists(tx, limit + 1, after(cursor), who.branch_list, code)
    rows, next_cursor = page(rows, limit, lambda row: row.id)
    return Page(items=[_shown(Therapist, row, who) for row in rows], next_cursor=next_cursor)


@routes.get("/therapists/{therapist_id}")
async def get_therapist(therapist_id: UUID, who: Reader, tx: Tx, response: Response) -> Therapist:
    """One therapist, with the ETag that a change must name."""
    row = await people.visible_therapist(tx, who, therapist_id)
    response.headers["ETag"] = etag(row.version)
    return _shown(Therapist, row, who)


@routes.patch("/therapists/{therapist_id}")
async def change_therapist(
    therapist_id: UUID, body: TherapistChange, who: Writer, tx: Tx, request: Request, response: Response
) -> Therapist:
    """Change a therapist (JSON merge patch)."""
    row = await people.visible_therapist(tx, who, therapist_id, lock=True)
    check_if_match(request, row.version)
    row = await people.change_therapist(tx, who, row, given(body))
    response.headers["ETag"] = etag(row.version)
    return _shown(Therapist, row, who)


@routes.post("/therapists/{therapist_id}/shifts", status_code=201)
async def add_shift(therapist_id: UUID, body: NewShift, who: Writer, tx: Tx) -> Shift:
    """Put a therapist on duty at a branch, once or by a rule (RFC 5545 RRULE, in the branch's wall time)."""
    therapist = await people.visible_therapist(tx, who, therapist_id)
    return _shift(
        await people.add_shift(tx, who, therapist, body.branch_id, body.starts_at, body.ends_at, body.repeat)
    )  # fmt: skip


@routes.get("/therapists/{therapist_id}/shifts")
async def list_shifts(therapist_id: UUID, who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None) -> Page[Shift]:
    """A therapist's shifts as they were entered, rules included."""
    await people.visible_therapist(tx, who, therapist_id)
    rows, next_cursor = page(
        await shifts.of_therapist(tx, therapist_id, limit + 1, after(cursor)), limit, lambda row: row.id
    )
    return Page(items=[_shift(row) for row in rows if who.sees(row.branch_id)], next_cursor=next_cursor)


@routes.delete("/therapists/{therapist_id}/shifts/{shift_id}", status_code=204)
async def remove_shift(therapist_id: UUID, shift_id: UUID, who: Writer, tx: Tx) -> Response:
    """Take a shift away, with all its repeats. Sessions that are booked stay."""
    await people.visible_therapist(tx, who, therapist_id)
    if not await shifts.remove(tx, therapist_id, shift_id, who.branch_list):
        raise NotFound("not_found", "There is no such shift.")
    return Response(status_code=204)


@routes.post("/therapists/{therapist_id}/time-off", status_code=201)
async def add_time_off(therapist_id: UUID, body: NewTimeOff, who: Writer, tx: Tx) -> TimeOff:
    """A stretch in which the therapist takes no session, whatever the shifts say."""
    await people.visible_therapist(tx, who, therapist_id)
    return _time_off(await people.add_time_off(tx, therapist_id, body.starts_at, body.ends_at, body.reason))


@routes.get("/therapists/{therapist_id}/time-off")
async def list_time_off(
    therapist_id: UUID, who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None
) -> Page[TimeOff]:
    """A therapist's time off."""
    await people.visible_therapist(tx, who, therapist_id)
    rows, next_cursor = page(
        await shifts.time_off_of(tx, therapist_id, limit + 1, after(cursor)), limit, lambda row: row.id
    )
    return Page(items=[_time_off(row) for row in rows], next_cursor=next_cursor)


@routes.delete("/therapists/{therapist_id}/time-off/{time_off_id}", status_code=204)
async def remove_time_off(therapist_id: UUID, time_off_id: UUID, who: Writer, tx: Tx) -> Response:
    """The therapist is on duty after all."""
    await people.visible_therapist(tx, who, therapist_id)
    if not await shifts.remove_time_off(tx, therapist_id, time_off_id):
        raise NotFound("not_found", "There is no such time off.")
    return Response(status_code=204)


@routes.post("/clients", status_code=201)
async def add_client(body: NewClient, who: Writer, unit: Unit, response: Response) -> Client:
    """Register a client. What is personal stays in this service; events carry the id."""
    row = await people.add_client(await unit.begin(), who, body.model_dump())
    unit.subject_id = row.id  # the kept answer to a repeated POST goes when the client is erased
    response.headers["Location"], response.headers["ETag"] = f"/v1/clients/{row.id}", etag(row.version)
    return _shown(Client, row, who)


@routes.get("/clients")
async def list_clients(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, code: CodeFilter = None, id: IdFilter = None
) -> Page[Client]:
    """The clients this token sees, in the order they were registered."""
    rows = await store.list_clients(tx, limit + 1, after(cursor), who.branch_list, code, id)
    rows, next_cursor = page(rows, limit, lambda row: row.id)
    return Page(items=[_shown(Client, row, who) for row in rows], next_cursor=next_cursor)


@routes.get("/clients/{client_id}")
async def get_client(client_id: UUID, who: Reader, tx: Tx, response: Response) -> Client:
    """One client, with the ETag that a change must name."""
    row = await people.visible_client(tx, who, client_id)
    response.headers["ETag"] = etag(row.version)
    return _shown(Client, row, who)


@routes.patch("/clients/{client_id}")
async def change_client(
    client_id: UUID, body: ClientChange, who: Writer, tx: Tx, request: Request, response: Response
) -> Client:
    """Change a client (JSON merge patch)."""
    row = await people.visible_client(tx, who, client_id, lock=True)
    check_if_match(request, row.version)
    row = await people.change_client(tx, who, row, given(body))
    response.headers["ETag"] = etag(row.version)
    return _shown(Client, row, who)


@routes.delete("/clients/{client_id}", status_code=204)
async def erase_client(client_id: UUID, who: Writer, tx: Tx, request: Request) -> Response:
    """Erases the person here and, through the event, in every service. It cannot be undone."""
    row = await people.to_erase(tx, who, client_id)
    check_if_match(request, row.version, required=False)
    await people.erase_client(tx, who, client_id)
    await audit.record(tx, who, "erased", "client", client_id)
    return Response(status_code=204)


def _shown(shape: type[P], row: Row[Any], who: Principal) -> P:
    """A person as this caller sees them: of their branches only those in the token."""
    return shape.model_validate({**row._mapping, "branch_ids": [id for id in row.branch_ids if who.sees(id)]})


def _shift(row: Row[Any]) -> Shift:
    return Shift(
        id=row.id,
        therapist_id=row.therapist_id,
        branch_id=row.branch_id,
        starts_at_local=row.starts_local,
        ends_at_local=row.ends_local,
        repeat=row.repeat,
    )


def _time_off(row: Row[Any]) -> TimeOff:
    starts_at, ends_at = bounds(row.during)
    return TimeOff(
        id=row.id, therapist_id=row.therapist_id, starts_at=starts_at, ends_at=ends_at, reason=row.reason
    )  # fmt: skip
