"""`/v1/protocols`: what is asked, in the asked language."""

from fastapi import APIRouter, Response

from services.screening.api.parameters import Locale
from services.screening.domain.protocol import Protocol
from services.screening.protocols import shipped, words
from services.screening.schemas import Condition, Option, ProtocolAnswer, ProtocolSummary, Question
from shared.kit.auth import Principal, requires
from shared.kit.paging import Page

protocols = APIRouter(prefix="/v1/protocols", tags=["protocols"])
READ = requires("screening:read")


@protocols.get("")
async def list_protocols(locale: Locale, _: Principal = READ) -> Page[ProtocolSummary]:
    """The protocols asked now, each with its current version."""
    return Page(
        items=[
            ProtocolSummary(name=each.name, version=each.version, title=words(each.title, locale))
            for each in shipped().current()
        ]
    )


@protocols.get("/{name}")
async def current(name: str, locale: Locale, response: Response, _: Principal = READ) -> ProtocolAnswer:
    """The version that is asked now."""
    return _answer(shipped().get(name), locale, response)


@protocols.get("/{name}/versions/{version}")
async def of_version(
    name: str, version: int, locale: Locale, response: Response, _: Principal = READ
) -> ProtocolAnswer:
    """One version, for ever as it was."""
    return _answer(shipped().get(name, version), locale, response)


def _answer(protocol: Protocol, locale: str, response: Response) -> ProtocolAnswer:
    response.headers["Content-Language"] = locale
    return ProtocolAnswer(
        name=protocol.name,
        version=protocol.version,
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
            )
            for each in protocol.questions
        ],
    )
