"""/v1/series: sessions by a rule, each date judged before anything is booked."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Response
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from services.scheduling.api import answers
from services.scheduling.api.appointments import Prefer
from services.scheduling.api.cursors import after
from services.scheduling.api.places import Reader, Writer
from services.scheduling.domain.appointment import Status
from services.scheduling.domain.series import State, date_status, state_of
from services.scheduling.domain.wording import WHY
from services.scheduling.handlers import plans, series
from services.scheduling.handlers.plans import Rule
from services.scheduling.schemas.series import NewSeries, Series, SeriesCancellation, SeriesConfirmation, SeriesHead
from services.scheduling.store import series as store
from services.scheduling.waiting import SETTLED
from shared.kit import logging
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id
from shared.kit.paging import Cursor, Limit, Page, etag, page
from shared.kit.unit import Tx, Unit, UnitOfWork, router

routes = router("/v1/series", "series")
log = logging.get(__name__)
OUTCOMES: dict[int | str, dict[str, Any]] = {
    200: {"model": Series, "description": "The plan (`dry_run`): nothing is booked."},
    201: {"model": Series, "description": "Every date has its outcome."},
    202: {"model": Series, "description": "Some dates are still being asked for: ask again at `Location`."},
}


@routes.post("", responses=OUTCOMES, status_code=201, response_model=Series)
async def plan(
    body: NewSeries,
    who: Writer,
    unit: Unit,
    prefer: Prefer = None,
    dry_run: Annotated[bool, Query(description="Only plan: confirm it by its id, or leave it.")] = False,
) -> Response:
    """A result for every date: what could be booked, and of the rest why not and what could be instead.

    With `dry_run` that is all. Without it the dates are booked at once, as by `confirm`.
    """
    if unit.replayed is not None:
        return await _answer(unit, who, unit.replayed)
    id, until = new_id(), time.monotonic() + answers.wait_seconds(prefer)
    values = body.model_dump(exclude={"starts_at_local"})
    rule = Rule(**values, starts_local=body.starts_at_local)
    with SETTLED.expect(id) as judged:
        asked = await plans.plan(await unit.begin(), who, id, rule, ask=dry_run)
        if not dry_run:
            return await _book(unit, who, id, None, until)
        await unit.commit(resource_id=id)
        if asked:
            await _wait([judged], until)
    return await _answer(unit, who, id)


@routes.post("/{series_id}/confirm", responses=OUTCOMES, status_code=201, response_model=Series)
async def confirm(
    series_id: UUID, who: Writer, unit: Unit, prefer: Prefer = None, body: SeriesConfirmation | None = None
) -> Response:
    """Book the plan, each date judged again by the path of every booking. `refuse_all`: all dates or none."""
    if unit.replayed is not None:
        return await _answer(unit, who, unit.replayed)
    until = time.monotonic() + answers.wait_seconds(prefer)
    return await _book(unit, who, series_id, (body or SeriesConfirmation()).on_conflict, until)


async def _book(unit: UnitOfWork, who: Principal, id: UUID, on_conflict: str | None, until: float) -> Response:
    """One commit a date: whatever becomes of this request, the clock goes on where it stopped."""
    with ExitStack() as stack:
        outcomes = []
        pending = await series.confirm(await unit.begin(), who, id, on_conflict)
        if pending is not None:
            outcomes.append(stack.enter_context(SETTLED.expect(pending)))
        await unit.commit(resource_id=id)
        status: Status | None = Status.PENDING
        while pending is None and status is not None:
            one = new_id()
            outcome = stack.enter_context(SETTLED.expect(one))
            try:
                status = await series.book_next(await unit.begin(), who, id, one)
                await unit.commit()
            except DBAPIError as lost:  # what is begun is gone on with; the kit would begin it all once more
                await unit.rollback(lost)
                log.warning("series left to the clock", series_id=str(id), exc_info=logging.without_values(lost))
                break
            if status is Status.PENDING:
                outcomes.append(outcome)
        await _wait(outcomes, until)
    return await _answer(unit, who, id)


async def _wait(outcomes: Sequence["asyncio.Future[Any]"], until: float) -> None:
    left = until - time.monotonic()
    if outcomes and left > 0:
        with suppress(TimeoutError):
            await asyncio.wait(outcomes, timeout=left)


async def _answer(unit: UnitOfWork, who: Principal, id: UUID) -> Response:
    found = await _shown(await unit.begin(), await series.visible(await unit.begin(), who, id))
    headers = {"Location": f"/v1/series/{id}"}
    match found["state"]:
        case State.PLANNED:
            return _json(found, 200, headers)
        case State.BOOKING:
            return _json(found, 202, headers | {"Retry-After": "1"})
    return _json(found, 201, headers)


async def _shown(tx: Transaction, row: Row[Any]) -> dict[str, Any]:
    dates = [_date(each) for each in await store.dates(tx, [row.id])]
    return _head(row, dates) | {"dates": dates}


def _head(row: Row[Any], dates: Sequence[dict[str, Any]]) -> dict[str, Any]:
    statuses = [date["status"] for date in dates]
    same = ("id", "branch_id", "treatment_id", "client_id", "therapist_id", "rrule", "timezone", "repeated_hour",
            "on_conflict", "created_at", "screening", "version")  # fmt: skip
    return {name: getattr(row, name) for name in same} | {
        "state": state_of(row.state, row.on_conflict == "refuse_all", statuses),
        "starts_at_local": row.starts_local,
        "counts": dict(Counter(statuses)),
    }


def _date(row: Row[Any]) -> dict[str, Any]:
    same = ("starts_at", "ends_at", "code", "repeated_hour", "client_busy", "rooms_free",
            "appointment_id", "detached")  # fmt: skip
    return {name: getattr(row, name) for name in same} | {
        "starts_at_local": row.starts_local,
        "alternatives": [_slot(kept) for kept in row.alternatives],
        "status": date_status(row.state, row.code, row.status),
        "detail": None if row.code is None else WHY.get(row.code, "This date was refused."),
    }


def _slot(kept: dict[str, Any]) -> dict[str, Any]:
    """As it was computed, its times in UTC."""
    return kept | {name: kept[name].replace("+00:00", "Z") for name in ("starts_at", "ends_at")}


def _json(found: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    shown = {name: value for name, value in found.items() if name != "version"}
    body = orjson.dumps(shown, default=str, option=orjson.OPT_UTC_Z)
    return Response(body, status, {"ETag": etag(found["version"]), **(headers or {})}, "application/json")


@routes.get("")
async def list_series(
    who: Reader,
    tx: Tx,
    limit: Limit = 50,
    cursor: Cursor = None,
    branch_id: UUID | None = None,
    client_id: UUID | None = None,
) -> Page[SeriesHead]:
    """In the order they were planned, without their dates."""
    rows: Sequence[Any] = await store.select(
        tx, {"branches": who.branch_list, "branch_id": branch_id, "client_id": client_id, "after": after(cursor),
             "limit": limit + 1},
    )  # fmt: skip
    rows, next_cursor = page(rows, limit, lambda row: row.id)
    dates: dict[UUID, list[dict[str, Any]]] = {row.id: [] for row in rows}
    for each in await store.dates(tx, list(dates)):
        dates[each.series_id].append(_date(each))
    heads = [SeriesHead.model_validate(_head(row, dates[row.id])) for row in rows]
    return Page(items=heads, next_cursor=next_cursor)


@routes.get("/{series_id}", response_model=Series)
async def get_series(series_id: UUID, who: Reader, tx: Tx) -> Response:
    """A series with what has become of each date so far."""
    return _json(await _shown(tx, await series.visible(tx, who, series_id)))


@routes.post("/{series_id}/cancel", response_model=Series)
async def cancel(series_id: UUID, who: Writer, tx: Tx, body: SeriesCancellation | None = None) -> Response:
    """Give up the dates to come, or those from a local day on, each by its own policy. A date that was moved stays."""
    said = body or SeriesCancellation()
    await series.cancel(tx, who, series_id, said.from_date, said.reason, said.code)
    return await get_series(series_id, who, tx)
