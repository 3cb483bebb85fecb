"""/v1/waitlist: who stands in line, and the offers they answer."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from services.scheduling.api.appointments import OUTCOMES, Prefer, present, settled
from services.scheduling.api.cursors import after
from services.scheduling.api.places import IdFilter, Reader, Writer, given
from services.scheduling.domain.waitlist import Wish, may_have, window
from services.scheduling.handlers import offer_answers, waitlist
from services.scheduling.schemas import waitlist as shapes
from services.scheduling.schemas.bookings import Appointment
from services.scheduling.store import offers as offers_store
from services.scheduling.store import waitlist as store
from shared.errors import Invalid
from shared.kit.auth import Principal
from shared.kit.ids import new_id
from shared.kit.paging import Cursor, Limit, Page, check_if_match, etag, number, page
from shared.kit.unit import Tx, Unit, router

routes = router("/v1/waitlist", "waitlist")


@routes.post("", status_code=201)
async def join(body: shapes.NewEntry, who: Writer, tx: Tx, request: Request, response: Response) -> shapes.Entry:
    """Stand in line, at its end. What is free already is offered within a second. 409 `already_waiting`."""
    request.state.unit.subject_id = body.client_id
    wish = Wish(body.treatment_id, _distinct(body.branch_ids), _windows(body.windows), body.therapist_id)
    id = new_id()
    await waitlist.join(tx, who, id, body.client_id, wish, body.notes)
    response.headers["Location"] = f"/v1/waitlist/{id}"
    return await _shown(tx, who, id, response)


@routes.get("")
async def list_entries(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, branch_id: UUID | None = None,
    treatment_id: UUID | None = None, client_id: UUID | None = None,
    state: Annotated[
        list[shapes.State] | None, Query(description="May be repeated. Without it those who are still in line.")
    ] = None,
) -> Page[shapes.Entry]:  # fmt: skip
    """In the order of the line: who came first is asked first."""
    rows = await store.listed(
        tx,
        {"branches": who.branch_list, "branch_id": branch_id, "treatment_id": treatment_id, "client_id": client_id,
         "states": list(state or waitlist.LIVE), "after": number(cursor) or 0, "limit": limit + 1},
    )  # fmt: skip
    rows, next_cursor = page(rows, limit, lambda row: row.place)
    return Page(items=[_entry(who, row) for row in rows], next_cursor=next_cursor)


# --- offers ---------------------------------------------------------------------------------------------------------


@routes.get("/offers")
async def list_offers(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, branch_id: UUID | None = None,
    entry_id: UUID | None = None, id: IdFilter = None,
    state: Annotated[list[shapes.OfferState] | None, Query(description="May be repeated.")] = None,
) -> Page[shapes.Offer]:  # fmt: skip
    """In the order they were made."""
    rows = await offers_store.listed(
        tx,
        {"branches": who.branch_list, "branch_id": branch_id, "entry_id": entry_id, "ids": id, "states": state,
         "after": after(cursor), "limit": limit + 1},
    )  # fmt: skip
    rows, next_cursor = page(rows, limit, lambda row: row.id)
    return Page(items=[_offer(row) for row in rows], next_cursor=next_cursor)


@routes.get("/offers/{offer_id}")
async def get_offer(offer_id: UUID, who: Reader, tx: Tx) -> shapes.Offer:
    """An offer, as it is by the clock of the database."""
    return _offer(await offer_answers.visible(tx, who, offer_id))


@routes.post("/offers/{offer_id}/accept", responses=OUTCOMES, status_code=201, response_model=Appointment)
async def accept(offer_id: UUID, who: Writer, unit: Unit, prefer: Prefer = None) -> Response:
    """Yes: what is held is booked, and answered as any booking. Too late, or answered before: 409 `offer_ended`."""
    if unit.replayed is not None:
        return await present(unit, who, unit.replayed)
    return await settled(unit, who, offer_id, prefer, partial(_accept, unit, who, offer_id))


async def _accept(unit: Any, who: Principal, id: UUID) -> Any:
    return await offer_answers.accept(await unit.begin(), who, id)


@routes.post("/offers/{offer_id}/decline")
async def decline(offer_id: UUID, who: Writer, tx: Tx) -> shapes.Offer:
    """No: the next in line is asked at once. The place in line is kept, and this time is not offered again."""
    await offer_answers.decline(tx, who, offer_id)
    return _offer(await offer_answers.visible(tx, who, offer_id))


# --- one entry ------------------------------------------------------------------------------------------------------


@routes.get("/{entry_id}")
async def get_entry(entry_id: UUID, who: Reader, tx: Tx, response: Response) -> shapes.Entry:
    """One entry with its position, and the ETag that a change of it must name."""
    return await _shown(tx, who, entry_id, response)


@routes.patch("/{entry_id}")
async def change_entry(
    entry_id: UUID, body: shapes.EntryChange, who: Writer, tx: Tx, request: Request, response: Response
) -> shapes.Entry:
    """Change an entry (JSON merge patch). Wanting less keeps the place; anything else goes to the end of the line."""
    row = await waitlist.locked(tx, who, entry_id)
    check_if_match(request, row.version)
    changes, was = given(body), waitlist.of_row(row)
    for name in ("treatment_id", "branch_ids", "windows"):
        if name in changes and changes[name] is None:
            raise Invalid("invalid_input", "It cannot be left empty.", pointer=f"/{name}")
    branch_ids = was.branch_ids
    if body.branch_ids is not None:  # a caller of some branches changes only whether somebody waits in those
        branch_ids = _distinct([*body.branch_ids, *(id for id in was.branch_ids if not who.sees(id))])
    wish = Wish(
        body.treatment_id or was.treatment_id,
        branch_ids,
        was.windows if body.windows is None else _windows(body.windows),
        body.therapist_id if "therapist_id" in changes else was.therapist_id,
    )
    await waitlist.change(tx, who, row, wish, body.notes if "notes" in changes else row.notes)
    return await _shown(tx, who, entry_id, response)


@routes.delete("/{entry_id}", status_code=204)
async def withdraw(entry_id: UUID, who: Writer, tx: Tx) -> Response:
    """Leave the line; an open offer goes to the next at once. Doing it twice is no error."""
    await waitlist.leave(tx, who, entry_id)
    return Response(status_code=204)


async def _shown(tx: Tx, who: Principal, id: UUID, response: Response) -> shapes.Entry:
    row = await waitlist.visible(tx, who, id)
    response.headers["ETag"] = etag(row.version)
    return _entry(who, row)


def _entry(who: Principal, row: Any) -> shapes.Entry:
    waits = row.state in waitlist.LIVE
    return shapes.Entry.model_validate(
        {**row._mapping, "branch_ids": [id for id in row.branch_ids if who.sees(id)],
         "passed_over_for": may_have(row.screening_protocol, row.outcome, row.blocked_by) if waits else None}
    )  # fmt: skip


def _offer(row: Any) -> shapes.Offer:
    return shapes.Offer.model_validate({**row._mapping, "state": offer_answers.state(row)})


def _distinct(ids: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(ids))


def _windows(said: list[shapes.NewWindow]) -> tuple[Any, ...]:
    """Two that say the same are one."""
    return tuple(dict.fromkeys(window(each.model_dump(mode="json", by_alias=True)) for each in said))
