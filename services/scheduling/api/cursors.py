"""Where a page begins. What a caller sends back may be anything; only what we gave out is taken."""

from datetime import datetime
from uuid import UUID

from shared.errors import Invalid
from shared.kit.paging import position


def after(cursor: str | None) -> UUID | None:
    """The id a page begins behind, in a list by id.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    place = position(cursor)
    if cursor is None:
        return None
    try:
        return UUID(place)
    except (ValueError, TypeError, AttributeError):
        raise _foreign() from None


def after_start(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """The start and id a page begins behind, in a list by start.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    place = position(cursor)
    if cursor is None:
        return None, None
    try:
        starts_at, id = place
        return datetime.fromisoformat(starts_at).astimezone(), UUID(id)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise _foreign() from None


def _foreign() -> Invalid:
    return Invalid("invalid_cursor", "Use the next_cursor of the page before, unchanged.")
