"""A search for free starts: what it names is looked up, what makes no sense is refused before any work."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from services.scheduling.handlers.availability import Search
from services.scheduling.settings import settings
from services.scheduling.store import searches as store
from services.scheduling.store.searches import RoomView
from shared.errors import Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.database import Transaction

LONGEST = timedelta(days=62)
WIDEST = 2_000  # branch-days of one treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller asks, as it came."""

    treatment_ids: list[UUID]
    branch_ids: list[UUID]
    from_: datetime
    to: datetime
    therapist_ids: list[UUID] | None
    client_id: UUID | None
    weekdays: frozenset[int]
    clock: tuple[int, int] | None


def check(wish: Wish) -> None:
    """
    Raises:
        Invalid: it ends before it begins, or is too long or too wide to answer at once.
    """
    if wish.to <= wish.from_:
        _refuse("invalid_interval", "`to` lies after `from`.", "to")
    if wish.to - wish.from_ > LONGEST:
        _refuse("interval_too_long", f"At most {LONGEST.days} days at once: send several searches.", "to")
    if (wish.to - wish.from_) * len(wish.branch_ids) * len(wish.treatment_ids) > timedelta(days=WIDEST):
        detail = f"At most {WIDEST} days in all, over branches and treatments: ask for fewer of them, or fewer days."
        _refuse("search_too_wide", detail, "branch_id")


async def understood(tx: Transaction, who: Principal, wish: Wish) -> tuple[Search, list[RoomView]]:
    """The search, and how fresh the view of each branch's rooms is.

    Raises:
        NotFound: a branch, treatment, therapist or client that is not there for this caller.
        Invalid: `beyond_horizon`, all of it lies further ahead than anything is laid out.
    """
    found = await store.named(
        tx, wish.treatment_ids, wish.branch_ids, wish.therapist_ids, wish.client_id, who.branch_list
    )  # fmt: skip
    known = {room.branch_id for room in found.rooms}
    for id in wish.branch_ids:
        if id not in known or not who.sees(id):
            _missing("branch", "branch_id")
    if len(found.treatments) < len(wish.treatment_ids):
        _missing("treatment", "treatment_id")
    if not found.therapist_ids.issuperset(wish.therapist_ids or ()):
        _missing("therapist", "therapist_id")
    if not found.client_known:
        _missing("client", "client_id")
    if wish.from_ >= found.now + timedelta(days=settings().horizon_days):
        _refuse("beyond_horizon", f"Nothing is laid out further ahead than {settings().horizon_days} days.", "from")
    search = Search(
        found.treatments, wish.branch_ids, wish.from_, wish.to, found.now, therapist_ids=wish.therapist_ids,
        client_id=wish.client_id, weekdays=wish.weekdays, clock=wish.clock,
    )  # fmt: skip
    return search, found.rooms


def _refuse(code: str, detail: str, parameter: str) -> NoReturn:
    raise Invalid(code, detail, errors=_named(code, detail, parameter))


def _missing(noun: str, parameter: str) -> NoReturn:
    detail = f"There is no such {noun}."
    raise NotFound("not_found", detail, errors=_named(f"unknown_{noun}", detail, parameter))


def _named(code: str, detail: str, parameter: str) -> list[dict[str, str]]:
    return [{"pointer": "", "parameter": f"query:{parameter}", "code": code, "detail": detail}]
