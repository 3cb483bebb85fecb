"""Lists: `?limit=&cursor=` answered `{"items": […], "next_cursor": null}`, stable under inserts."""

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query, Request
from pydantic import BaseModel

from shared.errors import Invalid, PreconditionFailed, PreconditionRequired

T = TypeVar("T")
R = TypeVar("R")

Limit = Annotated[int, Query(ge=1, le=200, description="At most this many items.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


class Page(BaseModel, Generic[T]):
    """One page. `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None = None


def page(rows: Sequence[R], limit: int, place: Callable[[R], Any]) -> tuple[Sequence[R], str | None]:
    """Cut `rows` (asked for with `limit + 1`) to the page. `place` gives a row's JSON-ready sort position."""
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, base64.urlsafe_b64encode(orjson.dumps(place(rows[-1]), default=str)).rstrip(b"=").decode()


def position(cursor: str | None) -> Any:
    """What `place` gave for the last row of the page before; None for the first page.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    if cursor is None:
        return None
    try:
        return orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise Invalid("invalid_cursor", "Use the next_cursor of the page before, unchanged.") from None


def number(cursor: str | None) -> int | None:
    """The same for a list by number.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    place = position(cursor)
    if place is None or (type(place) is int and 0 <= place < 2**63):
        return place
    raise Invalid("invalid_cursor", "Use the next_cursor of the page before, unchanged.")


def etag(version: int) -> str:
    """The ETag of a resource whose row has this version."""
    return f'"{version}"'


def check_if_match(request: Request, version: int, *, required: bool = True) -> None:
    """Refuse an update made from another version.

    Raises:
        PreconditionRequired: there is no If-Match.
        PreconditionFailed: it names another version.
    """
    header = request.headers.get("if-match")
    if header is None:
        if required:
            raise PreconditionRequired("if_match_required", "Send If-Match with the ETag you read.")
        return
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    if "*" not in tags and etag(version) not in tags:
        raise PreconditionFailed("version_mismatch", "It changed since you read it; read it again.")
