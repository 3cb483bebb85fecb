"""What several routes take."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from shared.errors import Invalid
from shared.kit.body import Instant
from shared.kit.paging import position

From = Annotated[Instant | None, Query(alias="from", description="RFC 3339, with an offset.")]
To = Annotated[Instant | None, Query(alias="to", description="RFC 3339, with an offset; not included.")]
LONGEST = timedelta(days=731)


def check_range(start: Instant, end: Instant) -> None:
    """
    Raises:
        Invalid: the range is empty or longer than two years.
    """
    if end <= start:
        raise Invalid("empty_range", "`to` must lie after `from`.")
    if end - start > LONGEST:
        raise Invalid("range_too_long", "Ask for at most two years at once.")


def after_id(cursor: str | None) -> UUID | None:
    """The id a page starts after.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    at = position(cursor)
    try:
        return None if at is None else UUID(at)
    except (ValueError, TypeError, AttributeError):
        raise _invalid() from None


def after_time_and_id(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """The time and id a page starts after; the time may be missing.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    at = position(cursor)
    if at is None:
        return None, None
    try:
        time, id = at
        found = None if time is None else datetime.fromisoformat(time)
        if found is not None and found.tzinfo is None:
            raise ValueError
        return found, UUID(id)
    except (ValueError, TypeError, AttributeError):
        raise _invalid() from None


def after_urgency(cursor: str | None) -> tuple[int, datetime, UUID] | None:
    """The urgency, time and id a page starts after.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    at = position(cursor)
    if at is None:
        return None
    try:
        urgency, time, id = at
        found = datetime.fromisoformat(time)
        if not isinstance(urgency, int) or not 0 <= urgency < 2**31 or found.tzinfo is None:
            raise ValueError
        return urgency, found, UUID(id)
    except (ValueError, TypeError, AttributeError):
        raise _invalid() from None


def after_asset(cursor: str | None) -> tuple[UUID, str, int, UUID] | None:
    """The branch, room code, turn and id a page starts after.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    at = position(cursor)
    if at is None:
        return None
    try:
        branch, room, turn, id = at
        if not isinstance(room, str) or "\0" in room or turn not in (0, 1, 2):
            raise ValueError
        return UUID(branch), room, int(turn), UUID(id)
    except (ValueError, TypeError, AttributeError):
        raise _invalid() from None


def after_number(cursor: str | None) -> int | None:
    """The number a page starts after.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    at = position(cursor)
    if at is not None and not (isinstance(at, int) and 0 <= at < 2**31):
        raise _invalid()
    return at


def _invalid() -> Invalid:
    return Invalid("invalid_cursor", "Use the next_cursor of the page before, unchanged.")
