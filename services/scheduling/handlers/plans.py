"""A series before anything is booked: a result for each of its dates, by the rules that a booking is judged by.

Rooms are what is known of them here (advice), and screening is asked by an event, as it would be for a booking.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.errors import AmbiguousLocalTime, StartsInThePast, Unknown
from services.scheduling.domain.localtime import at_wall
from services.scheduling.domain.series import Choice, instant_on
from services.scheduling.handlers.availability import at_instants, nearest
from services.scheduling.handlers.booking import Wish, judge, look
from services.scheduling.recurrence import dates
from services.scheduling.settings import settings
from services.scheduling.store import booking
from services.scheduling.store import series as store
from services.scheduling.store.booking import Ground
from services.scheduling.waiting import SETTLED
from shared.events.codes import Refusal
from shared.events.scheduling import SeriesPlanned
from shared.events.screening import SeriesJudged
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.inbox import Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is wished for. `starts_local` is the first start, naive, by the branch's clock."""

    branch_id: UUID
    treatment_id: UUID
    client_id: UUID
    therapist_id: UUID | None
    starts_local: datetime
    rrule: str
    repeated_hour: Choice
    on_conflict: str

    def on(self, starts_at: datetime) -> Wish:
        return Wish(
            branch_id=self.branch_id,
            treatment_id=self.treatment_id,
            client_id=self.client_id,
            therapist_id=self.therapist_id,
            starts_at=starts_at,
        )


async def plan(tx: Transaction, who: Principal, id: UUID, rule: Rule, *, ask: bool) -> bool:
    """Judge every date, keep the plan, and `ask` screening of it; whether there is an answer to wait for.

    Raises:
        Invalid: not a rule for a series, something named is unknown, or the first start has passed; nothing is stored.
    """
    zone = await booking.zone_of(tx, rule.branch_id, who.branch_list)
    if zone is None:
        raise Unknown("branch", "/branch_id")
    found, protocol = [], None
    for local in dates(rule.starts_local, rule.rrule, settings().series_most):
        date, ground = await _date(tx, who, id, rule, local, zone)
        found.append(date)
        protocol = ground.screening_protocol
    sessions = [date for date in found if date["starts_at"] is not None]
    busy = await store.client_busy(tx, rule.client_id, sessions)
    for date in sessions:
        date["client_busy"] = date["starts_at"] in busy
    asks = ask and protocol is not None and bool(sessions)
    values = {name: getattr(rule, name) for name in rule.__dataclass_fields__}
    await store.insert(
        tx,
        values | {"id": id, "timezone": zone.key, "created_by": who.subject,
                  "screening": "asked" if asks else "not_needed"},
        found,
    )  # fmt: skip
    if protocol is not None and asks:
        tx.announce(
            SeriesPlanned(
                series_id=id, branch_id=rule.branch_id, client_id=rule.client_id, screening_protocol=protocol,
                starts_at=[date["starts_at"] for date in sessions], ends_at=[date["ends_at"] for date in sessions],
            )
        )  # fmt: skip
    return asks


async def _date(
    tx: Transaction, who: Principal, id: UUID, rule: Rule, local: datetime, zone: ZoneInfo
) -> tuple[dict[str, Any], Ground]:
    date: dict[str, Any] = {"starts_local": local, "starts_at": None, "ends_at": None, "repeated_hour": False,
                            "client_busy": False, "rooms_free": None, "code": None, "alternatives": []}  # fmt: skip
    near = at_wall(local, zone)
    try:
        starts_at, date["repeated_hour"] = instant_on(local, zone, rule.repeated_hour)
        date["code"] = None if starts_at else Refusal.NONEXISTENT_LOCAL_TIME
    except AmbiguousLocalTime as twice:
        starts_at, date["repeated_hour"], date["code"] = None, True, Refusal.AMBIGUOUS_LOCAL_TIME
        date["alternatives"] = await at_instants(tx, rule.treatment_id, rule.branch_id, twice.instants)
    ground = await _look(tx, who, id, rule, starts_at or near)
    if starts_at is not None:
        date |= {"starts_at": starts_at, "ends_at": ground.ends_at}
        date["code"], date["rooms_free"] = await _judge(tx, id, rule, starts_at, ground)
    if date["code"] is not None and not date["alternatives"]:
        offers = await nearest(tx, rule.treatment_id, rule.branch_id, near)
        date["alternatives"] = [offer.json() for offer in offers]
    return date, ground


async def _look(tx: Transaction, who: Principal, id: UUID, rule: Rule, starts_at: datetime) -> Ground:
    try:
        return (await look(tx, who, id, rule.on(starts_at)))[2]
    except StartsInThePast:
        raise StartsInThePast("/starts_at_local") from None


async def _judge(
    tx: Transaction, id: UUID, rule: Rule, starts_at: datetime, ground: Ground
) -> tuple[str | None, int | None]:
    """(why it would be refused here and now, how many rooms are free as far as is known)"""
    if starts_at > ground.now + timedelta(days=settings().horizon_days):
        return "beyond_horizon", None
    order, code = judge(ground, id, starts_at, rule.therapist_id)
    if not order:
        return code, None
    [slot] = await at_instants(tx, rule.treatment_id, rule.branch_id, [starts_at])
    rooms: int = slot["rooms_free"]
    if rooms and (rule.therapist_id is None or rule.therapist_id in slot["therapist_ids"]):
        return None, rooms
    ready = [who for who in ground.candidates if who.load_ready and who.therapist_id in order]
    if ground.requires_bar and not ready:
        return Refusal.LOAD_PROFILE_REQUIRED, rooms
    if rooms:
        return Refusal.LOAD_RATING_EXCEEDED, rooms
    return Refusal.NO_CERTIFIED_ROOM if ground.requires_bar else Refusal.NO_ROOM_AVAILABLE, 0


async def on_judged(tx: Transaction, batch: list[Received[SeriesJudged]]) -> None:
    """Screening has said how the client stands on each date."""
    await store.judged(tx, [received.event for received in batch])
    ids = [received.event.series_id for received in batch]
    tx.after_commit(lambda: SETTLED.hint(ids))


async def forget(tx: Transaction) -> int:
    """By the clock: plans nobody confirmed."""
    return await store.forget_plans(tx)
