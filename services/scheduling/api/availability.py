"""GET /v1/availability, and /v1/availability/days."""

from dataclasses import asdict, replace
from datetime import date
from operator import itemgetter
from typing import Annotated, Literal
from uuid import UUID

import orjson
from fastapi import Depends, Query, Response

from services.scheduling.api.places import Reader
from services.scheduling.api.slots import rows
from services.scheduling.domain.grid import moment
from services.scheduling.domain.localtime import local_date
from services.scheduling.domain.opening import DAYS
from services.scheduling.handlers import availability
from services.scheduling.handlers.availability import Found, Search
from services.scheduling.handlers.searches import Wish, check, understood
from services.scheduling.schemas.availability import Days, Slots
from services.scheduling.store.searches import RoomView
from shared.kit.body import Instant
from shared.kit.database import Transaction
from shared.kit.unit import Tx, router

routes = router("/v1/availability", "availability")
_JSON = orjson.OPT_UTC_Z
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


async def wish(
    branch_id: Annotated[
        list[UUID],
        Query(min_length=1, max_length=50, description="Repeat for several, the nearest first: at one time they are "
              "listed in this order."),
    ],
    from_: Annotated[Instant, Query(alias="from", examples=["2027-01-15T00:00:00+01:00"])],
    to: Annotated[Instant, Query(examples=["2027-01-29T00:00:00+01:00"])],
    therapist_id: Annotated[
        list[UUID] | None, Query(min_length=1, max_length=50, description="Only these. May be repeated.")
    ] = None,
    client_id: Annotated[UUID | None, Query(description="Leave out what overlaps this client's own sessions.")] = None,
    weekday: Annotated[
        list[Weekday] | None, Query(min_length=1, max_length=7, description="Only these local days. May be repeated.")
    ] = None,
    time_from: Annotated[
        str | None,
        Query(pattern=f"^{_CLOCK}$", description="Only starts at or after this local time.", examples=["17:30"]),
    ] = None,
    time_to: Annotated[
        str | None,
        Query(pattern=f"^({_CLOCK}|24:00)$", examples=["21:00"],
              description="Only starts before this local time. If it is not after `time_from`, the stretch goes over"
              " midnight and counts to the day it began."),
    ] = None,
) -> Wish:  # fmt: skip
    """What both routes ask for, but for the treatment."""
    week = DAYS if weekday is None else weekday
    limits = None if time_from is None and time_to is None else (_minutes(time_from, 0), _minutes(time_to, 24 * 60))
    return Wish(
        treatment_ids=[],
        branch_ids=list(dict.fromkeys(branch_id)),
        from_=from_,
        to=to,
        therapist_ids=therapist_id and list(dict.fromkeys(therapist_id)),
        client_id=client_id,
        weekdays=frozenset(map(DAYS.index, week)),
        clock=limits,
    )


Asked = Annotated[Wish, Depends(wish)]


@routes.get("", response_model=Slots)
async def search(
    who: Reader,
    tx: Tx,
    asked: Asked,
    treatment_id: Annotated[list[UUID], Query(min_length=1, max_length=10, description="Repeat for several.")],
    limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
    first_per_day: Annotated[bool, Query(description="Only the first start of each local day, in whichever branch: with"
                             " `time_from=17:00&limit=3`, the next three evenings.")] = False,
) -> Response:  # fmt: skip
    """Starts in [from, to) that can be booked now, earliest first, on each branch's local grid. At most 62 days.

    `rooms_free` is advice: it comes from what room-equipment last announced; `rooms` says how fresh that is.
    """
    asked = replace(asked, treatment_ids=list(dict.fromkeys(treatment_id)))
    check(asked)
    wanted, rooms = await understood(tx, who, asked)
    slots = await _earliest(tx, wanted, limit, first_per_day=first_per_day)
    body = b'{"slots":[' + b",".join(slots) + b'],"rooms":' + _freshness(rooms) + b"}"
    return Response(body, media_type="application/json")


@routes.get("/days", response_model=Days)
async def summary(who: Reader, tx: Tx, asked: Asked, treatment_id: UUID) -> Response:
    """A calendar in short: for each branch and local day how many starts of [from, to) are free, the first of them, and
    if there is none, why.
    """
    asked = replace(asked, treatment_ids=[treatment_id])
    check(asked)
    wanted, rooms = await understood(tx, who, asked)
    found = await availability.days(tx, wanted)
    days = [
        {"branch_id": branch_id, "date": day.date, "free": day.free,
         "first_free": None if day.first is None else moment(day.first), "reason": day.reason,
         "closed": day.closed}
        for branch_id, days in found for day in days
    ]  # fmt: skip
    body = b'{"days":' + orjson.dumps(days, option=_JSON) + b',"rooms":' + _freshness(rooms) + b"}"
    return Response(body, media_type="application/json")


async def _earliest(tx: Transaction, search: Search, limit: int, *, first_per_day: bool) -> list[bytes]:
    """The first `limit` slots, as JSON."""
    slots: list[bytes] = []
    seen: set[date] = set()
    for from_, to in availability.stretches(search, limit * (24 if first_per_day else 1)):
        found = await availability.find(tx, search, from_, to)
        if first_per_day:
            slots += _firsts(found, seen)
        elif len(found) == 1:
            slots += rows(found[0])[1]
        else:
            # Each branch's and treatment's are in order of time, and stay in the order asked where that is the same.
            merged = [pair for part in found for pair in zip(*rows(part), strict=True)]
            merged.sort(key=itemgetter(0))
            slots += map(itemgetter(1), merged)
        if len(slots) >= limit:
            break
    return slots[:limit]


def _firsts(found: list[Found], seen: set[date]) -> list[bytes]:
    """The first of each local day, in whichever branch; days in `seen` have had theirs."""
    first = [
        (start, slot, local_date(moment(start), part.zone))
        for part in found
        for start, slot in zip(*rows(part.first_of_each_day()), strict=True)
    ]
    first.sort(key=itemgetter(0))
    return [slot for _, slot, day in first if _is_new(seen, day)]


def _is_new(seen: set[date], day: date) -> bool:
    if day in seen:
        return False
    seen.add(day)
    return True


def _freshness(rooms: list[RoomView]) -> bytes:
    return orjson.dumps([asdict(room) for room in rooms], option=_JSON)


def _minutes(clock: str | None, default: int) -> int:
    return default if clock is None else int(clock[:2]) * 60 + int(clock[3:])
