"""Standing in line: to join, to change what is wanted, to leave."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.scheduling.domain.errors import AlreadyWaiting, EntryEnded, Unknown
from services.scheduling.domain.waitlist import Window, Wish, window
from services.scheduling.handlers.line import pass_on
from services.scheduling.settings import settings
from services.scheduling.store import offers
from services.scheduling.store import waitlist as store
from shared.errors import Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.database import Transaction

LIVE = ("waiting", "offered", "accepted")


async def visible(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    """
    Raises:
        NotFound: there is none, or all of its branches are others than the token's.
    """
    row = await store.get(tx, id)
    if row is None or not who.sees_any(row.branch_ids):
        raise NotFound("not_found", "There is no such entry.")
    return row


async def join(tx: Transaction, who: Principal, id: UUID, client_id: UUID, wish: Wish, notes: str | None) -> None:
    """The last in line from now on; what is free already is offered at once.

    Raises:
        Invalid: something named is unknown, or a window is none. AlreadyWaiting: with that entry's id.
    """
    wants = await _wants(tx, who, client_id, wish)
    values = _values(id, wish, wants) | {"client_id": client_id, "notes": notes, "actor": who.subject}
    if not await store.insert(tx, values):
        raise Unknown("client", "/client_id")
    await _stand(tx, values, wants)


async def change(
    tx: Transaction, who: Principal, row: Row[Any], wish: Wish, notes: str | None
) -> None:  # fmt: skip
    """Who asks for nothing more than before keeps the place; anything else goes to the end of the line. It is `locked`.

    Raises:
        EntryEnded: it has ended, or has an offer to answer first. AlreadyWaiting: another entry stands for that.
        Invalid: as `join`.
    """
    if row.state not in LIVE:
        raise EntryEnded(row.state)
    was = of_row(row)
    if row.state != "waiting" and wish != was:
        raise EntryEnded(row.state)
    wants = await _wants(tx, who, row.client_id, wish, was)
    values = _values(row.id, wish, wants) | {
        "client_id": row.client_id, "notes": notes, "keeps_place": wish.keeps_place(was)
    }  # fmt: skip
    await store.change(tx, values)
    await _stand(tx, values, wants)


async def locked(tx: Transaction, who: Principal, id: UUID) -> Row[Any]:
    """The entry, which nobody changes or answers for meanwhile: the line is taken first, then its offer, then itself.

    Raises:
        NotFound: as `visible`.
    """
    await offers.take_line(tx)
    await offers.lock_open(tx, id)
    await store.lock(tx, id)
    return await visible(tx, who, id)


async def leave(tx: Transaction, who: Principal, id: UUID) -> None:
    """Out of the line; an offer under way goes to the next. Leaving twice is no error.

    Raises:
        NotFound: as `visible`. EntryEnded: its booking is under way, which is cancelled instead.
    """
    row = await locked(tx, who, id)
    if row.state == "accepted":
        raise EntryEnded(row.state)
    await _leave(tx, row, who.subject)


async def _leave(tx: Transaction, row: Row[Any], actor: str) -> None:
    offer = await offers.lock_open(tx, row.id)
    if offer is not None:
        await pass_on(tx, offer, "withdrawn", actor, leaves="withdrawn")
    elif row.state in LIVE:
        await store.set_state(tx, row.id, "withdrawn")


async def forget_client(tx: Transaction, client_id: UUID, actor: str) -> None:
    """An erased client stands nowhere any more, and nothing that was written about it stays. The line is taken."""
    for row in await store.lock_of_client(tx, client_id):
        await _leave(tx, row, actor)
    await store.forget_notes(tx, client_id)


def of_row(row: Row[Any]) -> Wish:
    return Wish(row.treatment_id, row.branch_ids, tuple(map(window, row.windows)), row.therapist_id)


def _values(id: UUID, wish: Wish, wants: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": id, "treatment_id": wish.treatment_id, "branch_ids": list(wish.branch_ids),
        "windows": [each.json() for each in wish.windows], "therapist_id": wish.therapist_id,
        "ends_at": max(want["ends_at"] for want in wants),
    }  # fmt: skip


async def _stand(tx: Transaction, values: dict[str, Any], wants: list[dict[str, Any]]) -> None:
    if not await store.want(tx, values["id"], wants):
        raise AlreadyWaiting(await store.twin(tx, values, wants))


async def _wants(
    tx: Transaction, who: Principal, client_id: UUID, wish: Wish, was: Wish | None = None
) -> list[dict[str, Any]]:  # fmt: skip
    """Each window in each branch, by that branch's clock."""
    zones = await store.zones(tx, wish.branch_ids)
    for n, branch_id in enumerate(wish.branch_ids):
        if branch_id not in zones or not (who.sees(branch_id) or (was is not None and branch_id in was.branch_ids)):
            raise Unknown("branch", f"/branch_ids/{n}")
    found = await store.named(
        tx,
        {"treatment_id": wish.treatment_id, "client_id": client_id, "therapist_id": wish.therapist_id,
         "branch_ids": list(wish.branch_ids), "branches": who.branch_list},
    )  # fmt: skip
    for noun in ("treatment", "client", "therapist"):
        if not getattr(found, noun):
            raise Unknown(noun, f"/{noun}_id")
    if not found.therapist_there:
        raise Invalid("therapist_elsewhere", "She works in none of these branches.", pointer="/therapist_id")
    horizon = found.now + timedelta(days=settings().horizon_days)
    wants = []
    for n, each in enumerate(wish.windows):
        reaches = [(id, *each.reach(ZoneInfo(zones[id]))) for id in wish.branch_ids]
        if was is None or each not in was.windows:
            _check(each, f"/windows/{n}", all(ends_at <= found.now for _, _, ends_at in reaches), horizon)
        wants += [
            {"number": n, "branch_id": id, "starts_at": starts_at, "ends_at": ends_at}
            for id, starts_at, ends_at in reaches
        ]
    return wants


def _check(each: Window, pointer: str, passed: bool, horizon: datetime) -> None:
    if each.last < each.first:
        raise Invalid("invalid_interval", "A window's last day is not before its first.", pointer=f"{pointer}/to")
    if (each.last - each.first).days >= settings().waitlist_longest_days:
        longest = f"A window has at most {settings().waitlist_longest_days} days."
        raise Invalid("window_too_long", longest, pointer=f"{pointer}/to")
    if not each.has_days:
        nowhere = "None of these days of the week lies between the two dates."
        raise Invalid("window_without_days", nowhere, pointer=f"{pointer}/weekdays")
    if passed:
        raise Invalid("window_passed", "This window is over already.", pointer=f"{pointer}/to")
    if each.first > horizon.date():
        beyond = f"Nothing is laid out further ahead than {settings().horizon_days} days."
        raise Invalid("beyond_horizon", beyond, pointer=f"{pointer}/from")
