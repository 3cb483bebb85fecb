"""Pages for a phone, made here and without scripts: escaped, in the reader's language, and loading nothing.

What a page looks like is in `shared/kit/phone`: `phone.html` is the frame a page extends, `forms.html` has its fields.
The style is in the page itself, allowed by its hash: one request shows it, on the worst network.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from shared.errors import CaibeiError, Forbidden, Invalid
from shared.kit import problems
from shared.kit.page_words import LANGUAGES, WORDS
from shared.kit.unit import TransactionalRoute

if TYPE_CHECKING:
    from jinja2 import Environment

_PHONE = Path(__file__).parent / "phone"
_FROM_THE_RIGHT = frozenset({"ar", "fa", "he", "ur"})
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 600


class Pages:
    """The pages of one service: `folder` holds its templates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page(self, name: str, status: int = 200, /, *, language: str, **values: Any) -> Response:
        """The page `<name>.html` with its values, each of them escaped."""
        html = self._environment.get_template(f"{name}.html").render(
            language=language, direction=direction(language), style=_style()[0], kit=WORDS[language], **values
        )
        return Response(html, status, media_type="text/html", headers=_headers())

    def said(self, status: int, *, language: str, title: str, text: Iterable[str], kind: str = "plain") -> Response:
        """A page that only says something: what went wrong, or that all is done. `kind`: plain, good or bad."""
        return self.page("said", status, language=language, title=title, text=list(text), kind=kind)

    @cached_property
    def _environment(self) -> "Environment":
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only who shows pages pays for it

        # The templates are our own files; what people wrote only ever comes in as a value, and is escaped.
        return Environment(
            loader=FileSystemLoader([self._folder, _PHONE]), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip


def spoken(header: str, languages: Iterable[str] = LANGUAGES) -> str:
    """The first of these languages that an Accept-Language accepts, by its order; English when there is none."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            quality = 0.0
        if quality > 0:
            wanted.append((-quality, place, tag.strip().lower()))
    for _, _, tag in sorted(wanted):
        for language in languages:
            if tag.split("-")[0] == language.split("-")[0].lower():
                return language
    return "en"


def language_of(request: Request) -> str:
    """The language this request is answered in: what a route settled on, else what the reader's phone asks for."""
    settled: str | None = getattr(request.state, "language", None)
    return settled or spoken(request.headers.get("accept-language", ""))


def direction(language: str) -> str:
    """`ltr` or `rtl`, for the `dir` attribute."""
    return "rtl" if language.split("-")[0] in _FROM_THE_RIGHT else "ltr"


async def form(request: Request) -> dict[str, str]:
    """The fields of a sent form, spaces around them cut off; of two with one name the last.

    Raises:
        Invalid: it is no form, or no text.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Invalid("invalid_input", f"Send a form ({_FORM}).")
    try:
        body = (await request.body()).decode("ascii")
        pairs = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Invalid("invalid_input", "The form cannot be read.") from None
    if any("\0" in value for _, value in pairs):
        raise Invalid("invalid_input", "A field holds a NUL character.")
    return {name: value.strip() for name, value in pairs}


class PageRoute(TransactionalRoute):
    """One transaction a request, as everywhere; what is refused is told as a page, in the reader's language."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                _not_from_elsewhere(request)
                response = await handle(request)
            except CaibeiError as error:  # the form came from elsewhere, or is too large
                response = problems.of(error)
            return _refused(request, response) if response.media_type == problems.MEDIA_TYPE else response

        return shown


def page_router(prefix: str) -> APIRouter:
    """An APIRouter of pages: each request one transaction, each refusal a page. Not in the OpenAPI document."""
    return APIRouter(prefix=prefix, route_class=PageRoute, include_in_schema=False)


def _not_from_elsewhere(request: Request) -> None:
    """A page knows no cookie, so nothing can be done in a reader's name; a form of another site is refused anyway.

    Not by `Origin`: a page that tells no referrer sends none that says anything.
    """
    if request.method == "POST" and request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise Forbidden("from_elsewhere", "This form was sent from another site.")


def _refused(request: Request, response: Response) -> Response:
    """The page that tells a problem; its request id finds the log line. Never the problem's own words: those are for
    programs."""
    words = WORDS[language_of(request)]
    title, text = words.refusals.get(response.status_code, words.refusals[500])
    page = _bare().said(response.status_code, language=language_of(request), title=title, text=[text], kind="bad")
    if retry := response.headers.get("retry-after"):
        page.headers["Retry-After"] = retry
    page.headers["X-Problem-Code"] = str(orjson.loads(bytes(response.body))["code"])
    return page


@cache
def _bare() -> Pages:
    return Pages(_PHONE)


@cache
def _style() -> tuple[Markup, str]:
    """The style sheet, and its hash for the policy."""
    css = (_PHONE / "phone.css").read_text()
    return Markup(css), b64encode(hashlib.sha256(css.encode()).digest()).decode()  # noqa: S704  # our own file


@cache
def _headers() -> dict[str, str]:
    """A page that runs nothing, loads nothing, is framed by nobody, kept nowhere, found by no search, and tells the
    next site nothing of where its reader came from."""
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_style()[1]}'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
