"""/v1/holds: a slot kept for some minutes while somebody decides."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.scheduling.api.appointments import OUTCOMES, Prefer, present, settled
from services.scheduling.api.cursors import after
from services.scheduling.api.places import Reader, Writer
from services.scheduling.handlers import holds
from services.scheduling.handlers.booking import Wish
from services.scheduling.handlers.holds import NOBODY, Confirmation
from services.scheduling.schemas.bookings import Appointment
from services.scheduling.schemas.holds import Hold, HoldConfirmation, HoldState, NewHold
from services.scheduling.store import holds as store
from shared.kit.ids import new_id
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, Unit, router

routes = router("/v1/holds", "holds")


@routes.post("", status_code=201)
async def hold(body: NewHold, who: Writer, tx: Tx, response: Response) -> Hold:
    """Keep a therapist's time until `expires_at`. 409 as for a booking, with `alternatives`; 429 `too_many_holds`."""
    wish = Wish(
        branch_id=body.branch_id,
        treatment_id=body.treatment_id,
        client_id=body.client_id or NOBODY,
        starts_at=body.starts_at,
        starts_local=body.starts_at_local,
        therapist_id=body.therapist_id,
        room_id=body.room_id,
    )
    row = await holds.place(tx, who, new_id(), wish, body.minutes)
    response.headers["Location"] = f"/v1/holds/{row.id}"
    return _shown(row)


@routes.get("")
async def list_holds(
    who: Reader, tx: Tx, limit: Limit = 50, cursor: Cursor = None, branch_id: UUID | None = None,
    client_id: UUID | None = None, therapist_id: UUID | None = None,
    state: Annotated[
        HoldState, Query(description="As it is by the clock of the database; what ended is kept for a day.")
    ] = "held",
) -> Page[Hold]:  # fmt: skip
    """What is held now, in the order it was held; offers of the waitlist too, whose offer has the hold's id."""
    filters = {"branches": who.branch_list, "branch_id": branch_id, "client_id": client_id,
               "therapist_id": therapist_id, "state": state, "after": after(cursor), "limit": limit + 1}  # fmt: skip
    rows, next_cursor = page(await store.listed(tx, filters), limit, lambda row: row.id)
    return Page(items=[_shown(row) for row in rows], next_cursor=next_cursor)


@routes.get("/{hold_id}")
async def get_hold(hold_id: UUID, who: Reader, tx: Tx) -> Hold:
    """A hold, as it is by the clock of the database. It is kept for a day after it ended."""
    return _shown(await holds.visible(tx, who, hold_id))


@routes.post("/{hold_id}/confirm", responses=OUTCOMES, status_code=201, response_model=Appointment)
async def confirm(
    hold_id: UUID, who: Writer, unit: Unit, prefer: Prefer = None, body: HoldConfirmation | None = None
) -> Response:
    """Book what is held: the appointment has the hold's id. Too late: 409 `hold_expired`."""
    if unit.replayed is not None:
        return await present(unit, who, unit.replayed)
    said = Confirmation(**(body or HoldConfirmation()).model_dump())
    return await settled(unit, who, hold_id, prefer, partial(_confirm, unit, who, hold_id, said))


async def _confirm(unit: Any, who: Any, id: UUID, said: Confirmation) -> Any:
    return await holds.confirm(await unit.begin(), who, id, said)


@routes.delete("/{hold_id}", status_code=204)
async def release(hold_id: UUID, who: Writer, tx: Tx) -> Response:
    """Give the time back at once. Doing it twice, or after it expired, is no error."""
    await holds.release(tx, who, hold_id)
    return Response(status_code=204)


def _shown(row: Any) -> Hold:
    return Hold.model_validate({**row._mapping, "state": holds.state(row)})
