"""How the console answers a browser: escaped pages, and headers that let a page load nothing from elsewhere."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@cache
def _pages() -> Environment:
    # The pages are our own files; what people wrote only ever comes in as a value, and is escaped.
    return Environment(
        loader=FileSystemLoader(_HERE / "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


def page(request: Request, name: str, status: int = 200, /, **values: Any) -> Response:
    """The page `pages/<name>.html` with its values."""
    state = request.app.state
    html = _pages().get_template(f"{name}.html").render(
        here=name, version=state.version, now=datetime.now(UTC), has_mailbox=state.mailbox is not None, **values
    )  # fmt: skip
    return Response(html, status, media_type="text/html", headers=SAFE | {"Vary": "Accept, Accept-Language"})


_ASSETS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def assets() -> dict[str, tuple[bytes, str]]:
    """Every file a page may load, with its media type."""
    files = (_HERE / "static").iterdir()
    return {file.name: (file.read_bytes(), _ASSETS[file.suffix]) for file in files if file.suffix in _ASSETS}
