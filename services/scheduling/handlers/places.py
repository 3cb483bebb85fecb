"""Branches and the chain's treatments."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import Row

from services.scheduling.domain import opening
from services.scheduling.domain.appointment import Appointment
from services.scheduling.domain.treatments import BAR, check_screened
from services.scheduling.handlers.hours import check_booked
from services.scheduling.recurrence import windows
from services.scheduling.settings import settings
from services.scheduling.store import places, saga, shifts
from shared.errors import Forbidden, Invalid, NotFound, Refused
from shared.events.scheduling import BranchChanged, BranchRegistered, TreatmentChanged, TreatmentRegistered
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def add_branch(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    """
    Raises:
        Forbidden: a token of single branches cannot make one it would not see.
        Invalid: the zone or the hours are none. Refused: `code_taken`.
    """
    if who.branches is not None:
        raise Forbidden("all_branches_needed", "Only a caller who sees every branch may open a new one.")
    check_branch(values)
    row = await places.add(tx, "branch", values | {"id": new_id()})
    tx.announce(BranchRegistered(**_branch(row)))
    return row


async def change_branch(
    tx: Transaction, who: Principal, row: Row[Any], values: dict[str, Any]
) -> tuple[Row[Any], list[Appointment]]:
    """A changed clock lays the branch's shifts out again: they keep their wall time. Also answers the sessions that
    changed hours leave outside; they stay as they are, and are put to a person."""
    check_branch(values)
    changed = await places.change(tx, "branch", row.id, values)
    if changed.timezone != row.timezone:
        await _lay_out_again(tx, changed)
    tx.announce(BranchChanged(**_branch(changed)))
    outside: list[Appointment] = []
    if (changed.opening_hours, changed.timezone) != (row.opening_hours, row.timezone):
        outside = await check_booked(tx, changed, who.subject)
    return changed, outside


async def _lay_out_again(tx: Transaction, branch: Row[Any]) -> None:
    now, zone = await saga.now(tx), ZoneInfo(branch.timezone)
    until = now + timedelta(days=settings().horizon_days)
    found = [
        (shift.id, window)
        for shift in await shifts.clear_windows(tx, branch.id)
        for window in windows(
            shift.starts_local, shift.ends_local, shift.repeat, zone, now - timedelta(days=2), until
        )
    ]  # fmt: skip
    await shifts.add_windows(tx, found)


def check_branch(values: dict[str, Any]) -> None:
    """
    Raises:
        Invalid: a zone nobody knows, or hours nobody could keep.
    """
    if "timezone" in values and values["timezone"] not in available_timezones():
        raise Invalid("unknown_timezone", "Use an IANA zone such as Europe/Berlin.", pointer="/timezone")
    if "opening_hours" in values:
        opening.check(values["opening_hours"])


async def visible_branch(tx: Transaction, who: Principal, id: UUID, *, lock: bool = False) -> Row[Any]:
    """
    Raises:
        NotFound: there is none, or the token does not name it.
    """
    row = await places.get(tx, "branch", id, lock=lock) if who.sees(id) else None
    if row is None:
        raise NotFound("not_found", "There is no such branch.")
    return row


def _of_the_chain(who: Principal) -> None:
    """Treatments are the whole chain's: one branch does not change what the others give."""
    if who.branches is not None:
        raise Forbidden("all_branches_needed", "Only a caller who sees every branch may change the chain's treatments.")


async def add_treatment(tx: Transaction, who: Principal, values: dict[str, Any]) -> Row[Any]:
    """
    Raises:
        Forbidden: `all_branches_needed`. Refused: `code_taken`. Invalid: `screening_protocol_required`.
    """
    _of_the_chain(who)
    check_screened(values["equipment"], values["screening_protocol"])
    row = await places.add(tx, "treatment", values | {"id": new_id()})
    tx.announce(TreatmentRegistered(**_treatment(row)))
    return row


async def change_treatment(tx: Transaction, who: Principal, row: Row[Any], values: dict[str, Any]) -> Row[Any]:
    """New bookings only: what is booked keeps the length, turnover and bar it was booked with.

    Raises:
        Forbidden: `all_branches_needed`.
        Refused: `code_taken`; `bar_required`: a treatment given on bars does not become one without, under its name.
    """
    _of_the_chain(who)
    if BAR in row.equipment and BAR not in values.get("equipment", row.equipment):
        raise Refused("bar_required", "This treatment is given on bars. Register another one for what needs none.")
    equipment = values.get("equipment", row.equipment)
    check_screened(equipment, values.get("screening_protocol", row.screening_protocol))
    changed = await places.change(tx, "treatment", row.id, values)
    tx.announce(TreatmentChanged(**_treatment(changed)))
    return changed


def _branch(row: Row[Any]) -> dict[str, Any]:
    return {"branch_id": row.id, "version": row.version, "code": row.code, "timezone": row.timezone,
            "opening_hours": row.opening_hours}  # fmt: skip


def _treatment(row: Row[Any]) -> dict[str, Any]:
    return {"treatment_id": row.id, "version": row.version, "code": row.code,
            "duration_minutes": row.duration_minutes, "turnover_minutes": row.turnover_minutes,
            "requires_bar": BAR in row.equipment, "skill": row.skill,
            "screening_protocol": row.screening_protocol}  # fmt: skip
