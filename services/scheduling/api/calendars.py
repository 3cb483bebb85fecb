"""`/v1/appointments/{id}.ics`, and the private calendar feeds of therapists."""

import asyncio
from datetime import timedelta
from functools import cache
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query, Request, Response

from services.scheduling.api.places import Reader
from services.scheduling.handlers import calendars as handlers
from services.scheduling.schemas.calendars import CalendarFeed
from services.scheduling.settings import settings
from shared.errors import TooMany
from shared.kit.calendars import CALENDAR, stream
from shared.kit.downloads import described, disposition, file_name, unchanged
from shared.kit.http import Limiter
from shared.kit.unit import Tx, Unit, router

routes = router("/v1", "calendars")
_REFRESH = timedelta(minutes=15)  # house rule: how often a subscription is asked to look
Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$", description="What stands in the feed's address.")]
Wanted = Annotated[
    Literal["publish", "request"],
    Query(
        description="`publish`: to be put into a calendar by hand. `request`: as the mail to the client carries it,"
        " which names them. A cancelled one is a `CANCEL` either way."
    ),
]


@routes.get("/appointments/{appointment_id}.ics", response_class=Response, responses=described(CALENDAR))
async def appointment_calendar(
    appointment_id: UUID, who: Reader, unit: Unit, request: Request, method: Wanted = "publish"
) -> Response:
    """The appointment for a calendar (RFC 5545): the same UID for ever, SEQUENCE is its version."""
    made = await handlers.of_appointment(await unit.begin(), who, appointment_id, method)
    return unchanged(request, made.etag) or await _sent(unit, made, file_name(f"appointment-{appointment_id}", "ics"))


@routes.post("/therapists/{therapist_id}/calendar-feed", status_code=201)
async def renew_feed(therapist_id: UUID, who: Reader, unit: Unit, request: Request) -> CalendarFeed:
    """Make the therapist's private calendar address, or a new one instead of it. By her own token, or with
    scheduling:write by who sees every branch she works in. The address is answered once: it opens without a token."""
    if unit.replayed is not None:  # a repeat of this POST: its secret was not kept either
        return CalendarFeed.model_validate(await handlers.feed_of(await unit.begin(), who, therapist_id))
    row, secret = await handlers.renew_feed(await unit.begin(), who, therapist_id)
    await unit.commit(resource_id=therapist_id)
    base = settings().calendar_feed_url or request.app.state.common.scheduling_url
    answer = CalendarFeed.model_validate(row)
    answer.url = f"{base.rstrip('/')}/v1/calendar-feeds/{secret}.ics"
    return answer


@routes.get("/therapists/{therapist_id}/calendar-feed")
async def get_feed(therapist_id: UUID, who: Reader, tx: Tx) -> CalendarFeed:
    """Whether the therapist has a calendar address, since when, and when it was last read."""
    return CalendarFeed.model_validate(await handlers.feed_of(tx, who, therapist_id))


@routes.delete("/therapists/{therapist_id}/calendar-feed", status_code=204)
async def revoke_feed(therapist_id: UUID, who: Reader, tx: Tx) -> Response:
    """Its address opens nothing from now on; calendars that have what it said may keep that."""
    await handlers.revoke_feed(tx, who, therapist_id)
    return Response(status_code=204)


@routes.get("/calendar-feeds/{token}.ics", response_class=Response, responses=described(CALENDAR))
async def read_feed(token: Secret, unit: Unit, request: Request) -> Response:
    """The therapist's sessions, from 30 days ago to the horizon, without any client. No token: the address is the key.
    Cancelled ones are there as cancelled. Over the limit of reads of one address: 429."""
    wait = _reads().take(token.encode())
    if wait:
        raise TooMany("rate_limited", "This calendar is read too often.", retry_after=wait)
    made = await handlers.read_feed(await unit.begin(), token)
    return unchanged(request, made.etag) or await _sent(unit, made, "sessions.ics")


@cache
def _reads() -> Limiter:
    per_minute = settings().calendar_feed_reads_per_minute
    return Limiter(per_minute / 60, burst=per_minute)


async def _sent(unit: Unit, made: handlers.Made, name: str) -> Response:
    await unit.commit()  # no connection is held while it is written
    refresh = None if made.method else _REFRESH
    content = await asyncio.to_thread(stream, made.entries, method=made.method, name=made.name, refresh=refresh)
    kind = f"{CALENDAR}; charset=utf-8" + (f"; method={made.method}" if made.method else "")
    headers = {"Content-Disposition": disposition(name), "Cache-Control": "private, no-cache", "ETag": made.etag}
    return Response(content, media_type=kind, headers=headers)
