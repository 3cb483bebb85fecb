"""GET /v1/availability."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Query, Response

from services.scheduling.api.places import Reader
from services.scheduling.handlers import availability
from services.scheduling.schemas.bookings import Slots
from services.scheduling.store import availability as store
from services.scheduling.store import people
from shared.errors import Invalid, NotFound
from shared.kit.body import Instant
from shared.kit.unit import Tx, router

routes = router("/v1/availability", "availability")
LONGEST = timedelta(days=62)


@routes.get("", response_model=Slots)
async def search(
    who: Reader,
    tx: Tx,
    treatment_id: UUID,
    branch_id: Annotated[list[UUID], Query(min_length=1, max_length=50, description="Repeat for several branches.")],
    from_: Annotated[Instant, Query(alias="from")],
    to: Annotated[Instant, Query()],
    therapist_id: UUID | None = None,
    client_id: Annotated[UUID | None, Query(description="Leave out what overlaps this client's own sessions.")] = None,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
) -> Response:
    """Starts in [from, to) that can be booked now, on each branch's local grid. At most 62 days at once.

    `rooms_free` comes from what room-equipment last announced: advice, a second or so old.
    """
    if not timedelta() < to - from_ <= LONGEST:
        raise Invalid("invalid_interval", "`to` lies after `from`, at most 62 days.", pointer="")
    asked = await store.treatment(tx, treatment_id)
    branch_ids = list(dict.fromkeys(branch_id))
    if asked is None:
        raise NotFound("not_found", "There is no such treatment.")
    if not all(map(who.sees, branch_ids)) or await people.unknown_branches(tx, branch_ids):
        raise NotFound("not_found", "There is no such branch.")
    found = await availability.search(
        tx, asked, branch_ids, from_, to, therapist_id=therapist_id, client_id=client_id
    )  # fmt: skip
    body = orjson.dumps({"slots": [offer.json() for offer in found[:limit]]}, default=str, option=orjson.OPT_UTC_Z)
    return Response(body, media_type="application/json")
