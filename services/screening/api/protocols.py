"""`/v1/protocols`: what is asked, in words and as HL7 FHIR; and a chain's own versions on their way there."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from services.screening.api.parameters import Locale, wants_fhir
from services.screening.domain.floor import milder
from services.screening.domain.protocol import Protocol
from services.screening.domain.soundness import untranslated
from services.screening.handlers import author
from services.screening.protocol_schemas import (
    Condition,
    Flaw,
    MilderDecline,
    NewProtocol,
    NewVersion,
    Option,
    ProtocolAnswer,
    ProtocolSource,
    ProtocolSummary,
    Question,
    Reason,
    Review,
    VersionAnswer,
)
from services.screening.protocols import floor_of, words
from services.screening.store import protocols as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, number, page
from shared.kit.unit import Tx, router

protocols = router("/v1/protocols", "protocols")
READ, AUTHOR = requires("screening:read"), requires("screening:protocols")
Format = Annotated[
    str | None, Query(max_length=40, pattern="^(json|fhir)$", description="`fhir`: as an HL7 FHIR R4 Questionnaire.")
]
_FHIR: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/fhir+json": {"schema": {"type": "object", "description": "A Questionnaire."}}}}
}


@protocols.get("")
async def list_protocols(tx: Tx, locale: Locale, _: Principal = READ) -> Page[ProtocolSummary]:
    """The protocols asked now, each with its current version."""
    return Page(
        items=[
            ProtocolSummary(name=each.name, version=each.version, title=words(each.title, locale))
            for each in await store.asked(tx)
        ]
    )


@protocols.get("/{name}", response_model=ProtocolAnswer, responses=_FHIR)
async def current(
    tx: Tx, request: Request, response: Response, name: str, locale: Locale, format: Format = None, _: Principal = READ
) -> Any:
    """The version that is asked now."""
    return _shown(await store.get(tx, name), "active", request, response, locale, format)


@protocols.get("/{name}/versions/{version}", response_model=ProtocolAnswer, responses=_FHIR)
async def of_version(
    tx: Tx,
    request: Request,
    response: Response,
    name: str,
    version: int,
    locale: Locale,
    format: Format = None,
    _: Principal = READ,
) -> Any:
    """One version, for ever as it was."""
    row = await store.version(tx, name, version)
    return _shown(await store.get(tx, name, version), row.state, request, response, locale, format)


@protocols.get("/{name}/versions")
async def list_versions(
    tx: Tx, name: str, limit: Limit = 50, cursor: Cursor = None, _: Principal = READ
) -> Page[VersionAnswer]:
    """Every version of a protocol and what became of it, newest first."""
    rows, after = page(await store.versions(tx, name, number(cursor), limit + 1), limit, lambda row: row.version)
    return Page(items=[VersionAnswer.model_validate(row) for row in rows], next_cursor=after)


@protocols.get("/{name}/versions/{version}/source")
async def source(tx: Tx, name: str, version: int, _: Principal = READ) -> ProtocolSource:
    """A version as it was written, in every language: what a copy begins with."""
    await store.version(tx, name, version)
    return ProtocolSource.model_validate(await store.content(tx, name, version))


@protocols.post("", status_code=201)
async def create(tx: Tx, response: Response, body: NewProtocol, who: Principal = AUTHOR) -> VersionAnswer:
    """Store the first draft of a protocol of the chain's own, for a treatment that no default speaks of.

    It is held to the declines of the massage default.
    """
    content = body.model_dump(mode="json", exclude={"based_on", "name"}, exclude_defaults=True)
    row, protocol = await author.draft(tx, who, body.name, content, body.based_on, new=True)
    response.headers["Location"] = f"/v1/protocols/{body.name}/versions/{row.version}"
    return _judged(row, protocol)


@protocols.post("/{name}/versions", status_code=201)
async def draft(tx: Tx, response: Response, name: str, body: NewVersion, who: Principal = AUTHOR) -> VersionAnswer:
    """Store a draft as the next version. A correction is the version after it; nothing stored is ever changed.

    What could leave an answer without an outcome is refused with all its flaws. Missing translations (`flaws`) and
    declines of the default that are gone (`milder`) are listed, and keep it from being submitted.
    """
    content = body.model_dump(mode="json", exclude={"based_on"}, exclude_defaults=True)
    row, protocol = await author.draft(tx, who, name, content, body.based_on, new=False)
    response.headers["Location"] = f"/v1/protocols/{name}/versions/{row.version}"
    return _judged(row, protocol)


@protocols.post("/{name}/versions/{version}/submit")
async def submit(tx: Tx, name: str, version: int, body: Reason, who: Principal = AUTHOR) -> VersionAnswer:
    """Give a draft to review. It must be whole in every language, and decline all that the default declines."""
    return VersionAnswer.model_validate(await author.submit(tx, who, name, version, body.reason))


@protocols.post("/{name}/versions/{version}/review")
async def review(tx: Tx, name: str, version: int, body: Review, who: Principal = AUTHOR) -> VersionAnswer:
    """Approve it or send it back: another person than its author and whoever submitted it."""
    return VersionAnswer.model_validate(await author.review(tx, who, name, version, body.verdict, body.note))


@protocols.post("/{name}/versions/{version}/withdraw")
async def withdraw(tx: Tx, name: str, version: int, body: Reason, who: Principal = AUTHOR) -> VersionAnswer:
    """It is not to be asked. The version that is asked now ends only by the activation of another."""
    return VersionAnswer.model_validate(await author.withdraw(tx, who, name, version, body.reason))


def _judged(row: Any, protocol: Protocol) -> VersionAnswer:
    return VersionAnswer.model_validate(row).model_copy(
        update={
            "flaws": [Flaw.model_validate(flaw) for flaw in untranslated(protocol)],
            "milder": [MilderDecline.model_validate(each) for each in milder(protocol, floor_of(protocol.name))],
        }
    )


def _shown(
    protocol: Protocol, state: str, request: Request, response: Response, locale: str, format: str | None
) -> Any:
    if wants_fhir(request, format):
        from services.screening import fhir  # 7 MB that only those pay who ask for it

        return Response(
            fhir.questionnaire(protocol, state, locale),
            media_type="application/fhir+json; fhirVersion=4.0",
            headers={"Content-Language": locale, "Vary": "Accept, Accept-Language"},
        )
    response.headers["Content-Language"] = locale
    response.headers["Vary"] = "Accept, Accept-Language"
    return _answer(protocol, state, locale)


def _answer(protocol: Protocol, state: str, locale: str) -> ProtocolAnswer:
    return ProtocolAnswer(
        name=protocol.name,
        version=protocol.version,
        state=state,
        title=words(protocol.title, locale),
        locale=locale,
        advisory=words(protocol.advisory, locale),
        standing_months=protocol.standing_months,
        clearance_months=protocol.clearance_months,
        questions=[
            Question(
                id=each.id,
                section=each.section.value,
                type=each.type.value,
                text=words(each.text, locale),
                options=[Option(value=option.value, text=words(option.text, locale)) for option in each.options],
                asked_when=Condition(question=each.asked_when[0], answer=each.asked_when[1])
                if each.asked_when
                else None,
                renews=each.renews,
            )
            for each in protocol.questions
        ],
    )
