"""Files as answers: their names, their types for the OpenAPI document, and "you have it already"."""

import hashlib
from collections.abc import Iterable
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

from fastapi import Request, Response

PDF, CSV = "application/pdf", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST = 120


def file_name(stem: str, suffix: str) -> str:
    """A name that no file system, shell or header minds: letters, digits and `-_.`, whatever a person typed."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in normalize("NFC", stem))
    kept = "-".join(part for part in kept.split("-") if part).strip(".-")[:_LONGEST]
    return f"{kept or 'file'}.{suffix}"


def disposition(name: str, *, inline: bool = False) -> str:
    """Content-Disposition (RFC 6266) of a `file_name`: in full for today's browsers, in ASCII for the rest."""
    plain = "".join(c if c.isascii() else "_" for c in name)
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def fingerprint(*parts: Any) -> str:
    """A weak ETag of what a document says: printed again it has another time of print, and means the same."""
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def unchanged(request: Request, etag: str) -> Response | None:
    """304 if the caller has this already (RFC 9110: If-None-Match compares weakly)."""
    held = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if "*" in held or etag.removeprefix("W/") in held:
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    return None


def download(content: bytes, media_type: str, name: str, *, etag: str = "", inline: bool = False) -> Response:
    """The file. Only its reader may keep it, and asks again before using it again."""
    headers = {"Content-Disposition": disposition(name, inline=inline), "Cache-Control": "private, no-cache"}
    if etag:
        headers["ETag"] = etag
    return Response(content, media_type=media_type, headers=headers)


def described(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route that answers with one of these kinds of file."""
    return {200: {"description": "The file.", "content": {kind: _schema(kind) for kind in media_types}}}


def _schema(kind: str) -> dict[str, Any]:
    return {"schema": {"type": "string"} if kind.startswith("text/") else {"type": "string", "format": "binary"}}


def joined(parts: Iterable[str | None], by: str = " · ") -> str:
    """What there is of these, in one line."""
    return by.join(part for part in parts if part)
