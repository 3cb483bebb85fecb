"""What a cancellation costs: fixed when the session is booked, judged when it is cancelled. A flag; nothing is charged.

`kept` is {free_until_minutes, fee, late_start?}: the last one only of a session that was moved too late to be free.
The house rule without any policy: free until `cancel_free_minutes` before the start, and no fee after.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_CAN_BE_LATE = ("confirmed", "checked_in")
"""Whoever waits for an answer, or lost the room, cancels free at any time."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`free`: at the moment asked about. `fee` is {amount (smallest unit), currency}, or None: late costs nothing."""

    free: bool
    free_until: datetime
    fee: dict[str, Any] | None


def fixed(policy: Mapping[str, Any] | None, price: Mapping[str, Any] | None, default_minutes: int) -> dict[str, Any]:
    """What is kept with a booking: {free_until_minutes, fee}. A percentage becomes money by today's price, half up."""
    if policy is None:
        return {"free_until_minutes": default_minutes, "fee": None}
    fee = None
    if policy["fee_amount"] is not None:
        fee = {"amount": policy["fee_amount"], "currency": policy["fee_currency"]}
    elif policy["fee_percent"] is not None and price is not None:
        amount = (price["amount"] * policy["fee_percent"] + 50) // 100
        fee = {"amount": amount, "currency": price["currency"]} if amount else None
    return {"free_until_minutes": policy["free_until_minutes"], "fee": fee}


def moved_late(
    kept: Mapping[str, Any] | None, status: str, starts_at: datetime, now: datetime
) -> dict[str, Any] | None:  # fmt: skip
    """What is kept once the client asks for another start: was cancelling late by then, it stays so wherever it goes.

    Else who cannot come tomorrow would move the session to next month and then cancel it for nothing.
    """
    if kept is None or terms(kept, status, starts_at, now).free:
        return None if kept is None else dict(kept)
    first = min(starts_at, _late_start(kept) or starts_at)
    return {**kept, "late_start": first.isoformat()}


def forgiven(kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is kept once the branch could not keep its word: the next slot counts by itself."""
    return None if kept is None else {name: value for name, value in kept.items() if name != "late_start"}


def _late_start(kept: Mapping[str, Any] | None) -> datetime | None:
    found = (kept or {}).get("late_start")
    return None if found is None else datetime.fromisoformat(found)


def terms(kept: Mapping[str, Any] | None, status: str, starts_at: datetime, now: datetime) -> Terms:
    """What cancelling costs now. A booking from before there were policies is free to its start.

    It is judged by the earliest start it had when it was moved too late to be cancelled free.
    """
    counts = min(starts_at, _late_start(kept) or starts_at)
    free_until = counts - timedelta(minutes=(kept or {}).get("free_until_minutes", 0))
    late = status in _CAN_BE_LATE and now > free_until and kept is not None
    return Terms(not late, free_until, (kept or {}).get("fee"))
