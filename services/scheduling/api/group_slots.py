"""GET /v1/availability/groups: starts at which several can begin together."""

from dataclasses import asdict, replace
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Query, Response

from services.scheduling.api.availability import Asked
from services.scheduling.api.places import Reader
from services.scheduling.handlers import group_slots
from services.scheduling.handlers.group_slots import Seat
from services.scheduling.handlers.searches import check, understood
from services.scheduling.schemas.groups import MOST, GroupSlots
from shared.kit.unit import Tx, router

routes = router("/v1/availability", "availability")


@routes.get("/groups", response_model=GroupSlots)
async def search_groups(
    who: Reader,
    tx: Tx,
    asked: Asked,
    treatment_id: Annotated[list[UUID], Query(min_length=2, max_length=MOST, description="One for each member.")],
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Starts in [from, to) with a therapist and a room for every member, earliest first; at most 62 days.

    Nothing is held. Rooms are advice, as in the search for one.
    """
    asked = replace(asked, treatment_ids=list(dict.fromkeys(treatment_id)))
    check(asked)
    search, rooms = await understood(tx, who, asked)
    found = await group_slots.find(tx, search, [Seat(id) for id in treatment_id], limit)
    body = {"slots": [asdict(offer) for offer in found], "rooms": [asdict(room) for room in rooms]}
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")
