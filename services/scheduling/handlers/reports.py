"""Reports: which branches and days are meant, what is counted of them, and the rows that makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain import reporting
from services.scheduling.domain.opening import Interval
from services.scheduling.domain.reporting import Per
from services.scheduling.store import reports as store
from shared.errors import Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.database import Transaction

Name = Literal["utilisation", "cancellations", "displaced", "revenue"]
By = Literal["chain", "branch", "treatment", "therapist"]


@dataclass(frozen=True, slots=True)
class Wish:
    """Local days, both included; `by` splits, `per` cuts the days."""

    name: Name
    first: date
    last: date
    by: tuple[By, ...]
    per: Per
    branch_ids: list[UUID] | None


@dataclass(frozen=True, slots=True)
class Report:
    """Rows in order of their days, then of codes and names. The same wish in one transaction gives the same rows."""

    wish: Wish
    rows: list[dict[str, Any]]
    computed_at: datetime


async def made(tx: Transaction, who: Principal, wish: Wish) -> Report:
    """
    Raises:
        Invalid: no stretch of days, too long or too wide, or shifts asked for by treatment.
        NotFound: a branch that is not there for this caller.
    """
    if wish.name == "utilisation" and "treatment" in wish.by:
        detail = "A shift belongs to no treatment: split by branch or therapist."
        raise Invalid("cannot_split", detail, errors=[{"pointer": "", "parameter": "query:by", "code": "cannot_split",
                                                       "detail": detail}])  # fmt: skip
    reporting.check(wish.first, wish.last, len(wish.branch_ids or ()))
    branches = await store.branches(tx, wish.branch_ids, who.branch_list)
    if wish.branch_ids is not None and len(branches) < len(set(wish.branch_ids)):
        raise NotFound("not_found", "There is no such branch.")
    reporting.check(wish.first, wish.last, len(branches))
    buckets = await _buckets(tx, wish, branches)
    keys = {f"by_{key}": key in wish.by for key in ("branch", "treatment", "therapist")}
    if wish.name == "utilisation":
        rows = [_times(row) for row in await store.times(tx, buckets, keys)]
    else:
        counts = await store.counts(tx, buckets, keys, displaced=wish.name == "displaced")
        rows = _counted(wish.name, counts)
    now: datetime = await tx.scalar("SELECT now()")
    return Report(wish, await _named(tx, wish, rows, branches), now)


async def _buckets(tx: Transaction, wish: Wish, branches: Sequence[Any]) -> list[dict[str, Any]]:
    """Stretches of each branch's local days; for times, when it is open in each."""
    cut = {b.id: reporting.stretches(wish.first, wish.last, wish.per, ZoneInfo(b.timezone)) for b in branches}
    closed: dict[UUID, list[Interval]] = {b.id: [] for b in branches}
    if wish.name == "utilisation" and branches:
        start, end = min(s[0].start for s in cut.values()), max(s[-1].end for s in cut.values())
        for row in await store.closures(tx, list(cut), start, end):
            closed[row.branch_id].append(Interval(row.starts_at, row.ends_at))
    buckets = []
    for branch in branches:
        zone, hours, opened = ZoneInfo(branch.timezone), branch.opening_hours, []
        if wish.name == "utilisation":
            opened = reporting.open_time(hours, zone, closed[branch.id], wish.first, wish.last)
        for stretch in cut[branch.id]:
            open_now = ",".join(f"[{a.isoformat()},{b.isoformat()})" for a, b in stretch.within(opened))
            buckets.append(
                {"branch_id": branch.id, "first": stretch.first, "starts_at": stretch.start, "ends_at": stretch.end,
                 "open": f"{{{open_now}}}"}
            )  # fmt: skip
    return buckets


def _key(row: Any) -> tuple[Any, ...]:
    return row.first, row.branch_id, row.treatment_id, row.therapist_id


def _keyed(key: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(("first_day", "branch_id", "treatment_id", "therapist_id"), key, strict=True))


def _times(row: Any) -> dict[str, Any]:
    available, booked, within = int(row.available), int(row.booked), int(row.within)
    return _keyed(_key(row)) | {
        "sessions": row.sessions, "available_minutes": available, "booked_minutes": booked,
        "booked_outside_minutes": booked - within, "utilisation": reporting.share(within, available),
    }  # fmt: skip


def _counted(name: Name, counts: Sequence[Any]) -> list[dict[str, Any]]:
    if name == "revenue":
        groups = reporting.folded(counts, _key, lambda group: {"group": group})
        return [
            _keyed(key) | reporting.revenue(found["group"], currency)
            for key, found in groups.items() for currency in reporting.currencies(found["group"])
        ]  # fmt: skip
    fold = reporting.cancellations if name == "cancellations" else reporting.displaced
    return [_keyed(key) | dict(row) for key, row in reporting.folded(counts, _key, fold).items()]


async def _named(
    tx: Transaction, wish: Wish, rows: list[dict[str, Any]], branches: Sequence[Any]
) -> list[dict[str, Any]]:
    """With codes and names beside the ids, in their order."""
    known: dict[str, dict[UUID, Any]] = {"branch": {branch.id: branch for branch in branches}}
    for noun in ("treatment", "therapist"):
        ids = {row[f"{noun}_id"] for row in rows if row[f"{noun}_id"] is not None}
        known[noun] = await store.names(tx, f"{noun}s", ids) if ids else {}
    for row in rows:
        for noun, things in known.items():
            thing = things.get(row[f"{noun}_id"])
            row[f"{noun}_code"] = getattr(thing, "code", None)
            row[f"{noun}_name"] = getattr(thing, "name", None)
    return sorted(rows, key=_order)


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    nouns = ("branch", "treatment", "therapist")
    said = [str(row[f"{noun}_{what}"] or "") for noun in nouns for what in ("code", "name", "id")]
    return row["first_day"], *said, row.get("currency") or "~"
