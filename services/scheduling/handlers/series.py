"""A planned series becomes bookings, one a date by the path of every booking; and the rest of it is given up again.

A date is asked for in the transaction that marks it: whatever dies in between is gone on with, and nothing is doubled.
"""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.scheduling.domain.appointment import ENDED, Status
from services.scheduling.domain.localtime import local_date
from services.scheduling.domain.series import NOT_ASKED_FOR, State
from services.scheduling.handlers import booking, together
from services.scheduling.handlers.booking import Wish
from services.scheduling.handlers.desk import Reason, cancel_all
from services.scheduling.handlers.together import Place
from services.scheduling.store import appointments, saga
from services.scheduling.store import series as store
from shared.errors import Invalid, NotFound, Refused
from shared.kit import failpoints
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id

_AT_ONCE = 20  # dates that a turn of the clock asks for


async def visible(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    """
    Raises:
        NotFound: there is none, or it lies in another branch.
    """
    row = await store.get(tx, id, lock=lock)
    if row is None or not who.sees(row.branch_id):
        raise NotFound("not_found", "There is no such series.")
    return row


async def confirm(tx: Transaction, who: Principal, id: UUID, on_conflict: str | None) -> UUID | None:
    """Begin to book the plan. With `refuse_all` it is one party (ADR 0031), asked for here: one of it, if pending.

    Raises:
        Refused: `series_not_planned`, it was confirmed or cancelled before.
    """
    row = await visible(tx, who, id, lock=True)
    if row.state != State.PLANNED:
        raise Refused("series_not_planned", f"This series is {row.state}; plan a new one.", current_status=row.state)
    wanted = on_conflict or row.on_conflict
    dates = await store.dates(tx, [id])
    lacking = [{"starts_local": d.starts_local, "state": "skipped"} for d in dates if d.code in NOT_ASKED_FOR]
    if wanted == "skip" or lacking:
        await store.mark(tx, id, lacking)
    if wanted == "skip":
        await store.become(tx, id, State.BOOKING, wanted)
        return None
    if lacking:
        await store.drop(tx, id, date.min)
        await store.become(tx, id, State.REFUSED, wanted)
        return None
    ids = sorted(new_id() for _ in dates)
    places = [Place(new, _wish(row, d)) for new, d in zip(ids, dates, strict=True)]
    asked = await together.ask(tx, who, id, places)
    await store.mark(
        tx, id,
        [{"starts_local": d.starts_local, "state": "asked", "appointment_id": new}
         for new, d in zip(ids, dates, strict=True)],
    )  # fmt: skip
    all_pending = asked[0].appointment.status is Status.PENDING
    await store.become(tx, id, State.BOOKED if all_pending else State.REFUSED, wanted)
    return ids[0] if all_pending else None


def _wish(series: Any, date: Any) -> Wish:
    return Wish(
        branch_id=series.branch_id,
        treatment_id=series.treatment_id,
        client_id=series.client_id,
        therapist_id=series.therapist_id,
        starts_at=date.starts_at,
    )


async def book_next(tx: Transaction, who: Principal, id: UUID, appointment_id: UUID) -> Status | None:
    """Ask for the next date that nobody has asked for, under this id: what it is then. None: there was no such date."""
    row = await store.next_date(tx, id)
    if row is None:
        await store.close_if_all_asked(tx, id)
        return None
    mark: dict[str, Any] = {"starts_local": row.starts_local, "state": "asked", "appointment_id": appointment_id}
    try:
        async with tx.savepoint():
            asked = await booking.request(tx, who, appointment_id, _wish(row, row))
        status = asked.appointment.status
    except Invalid as unknown:  # erased since it was planned, or over by now
        mark |= {"state": "skipped", "code": unknown.code, "appointment_id": None}
        status = Status.REJECTED
    await store.mark(tx, id, [mark])
    failpoints.reach("series.after_date")
    return status


async def go_on(tx: Transaction) -> int:
    """By the clock: book on where the one who confirmed did not get to, as they were allowed to."""
    id = await store.left_behind(tx)
    if id is None:
        return 0
    row = await store.get(tx, id)
    assert row is not None
    whoever = Principal(
        subject=row.created_by, client_id="series", scopes=frozenset(), branches=None, therapist_id=None,
        issuer="series", expires_at=0,
    )  # fmt: skip
    for done in range(_AT_ONCE):
        if await book_next(tx, whoever, id, new_id()) is None:
            return done
    return _AT_ONCE


async def cancel(
    tx: Transaction, who: Principal, id: UUID, from_: date | None, reason: Reason, code: str | None
) -> None:  # fmt: skip
    """Give up its dates from a local day on (None: from now), each by its own policy. What was moved stays.

    Raises:
        NotFound: as `visible`.
        Refused: `nothing_to_cancel`.
    """
    row = await visible(tx, who, id, lock=True)
    now = await saga.now(tx)
    first = from_ or local_date(now, ZoneInfo(row.timezone))
    before = await store.dates(tx, [id])
    await store.drop(tx, id, first)
    locked = await appointments.lock(tx, await store.to_cancel(tx, id, first))
    left = [a for a in locked.values() if a.status not in ENDED | {Status.IN_PROGRESS} and a.starts_at > now]
    dropped = [d for d in before if d.state == "planned" and d.starts_local.date() >= first]
    if not left and not dropped:
        raise Refused("nothing_to_cancel", "No date of this series from then on can be cancelled.")
    await cancel_all(tx, left, reason, who.subject, code)
    if row.state == State.PLANNED:
        await store.become(tx, id, State.CANCELLED)
    else:
        await store.close_if_all_asked(tx, id)
