"""`/v1/screenings`: standing answers in, a decision out; and reading it again, each by right and audited."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.screening import wording
from services.screening.api.parameters import Locale, TheVault, WhyRead, place_of
from services.screening.domain.errors import ClientNotFound
from services.screening.domain.protocol import Outcome, Protocol
from services.screening.handlers import reading
from services.screening.handlers.reading import ANSWERS, Seen
from services.screening.handlers.screen import Screened, screen
from services.screening.schemas import LetterAnswer, NewScreening, Redecided, ScreeningAnswer
from services.screening.store import clients as client_store
from services.screening.store import protocols
from services.screening.store import screenings as store
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.paging import Cursor, Limit, Page, page
from shared.kit.unit import Tx, Unit, router

screenings = router("/v1/screenings", "screenings")
READ, WRITE = requires("screening:read"), requires("screening:write")


@screenings.post("", status_code=201)
async def create(
    unit: Unit, vault: TheVault, body: NewScreening, response: Response, locale: Locale, who: Principal = WRITE
) -> ScreeningAnswer:
    """Decide on a client's answers. The strictest rule that holds decides; the answers are encrypted at once.

    An HL7 FHIR R4 `QuestionnaireResponse` (`application/fhir+json`) is taken too: `questionnaire` names the protocol
    and its version, `subject` the client, `source` who signs.
    """
    try:
        screened = await screen(
            unit,
            vault,
            who,
            client_id=body.client_id,
            protocol=body.protocol,
            protocol_version=body.protocol_version,
            answers=body.answers,
            advisory_acknowledged=body.advisory_acknowledged,
            signed_by=body.signed_by.model_dump(),
            locale=body.locale or locale,
        )
    except Invalid as refused:
        body.place(refused)
        raise
    response.headers["Location"] = f"/v1/screenings/{screened.id}"
    if ANSWERS in who.scopes:
        await reading.audit_telling(await unit.begin(), who, body.client_id, "reasons told with the decision")
    return _decided(screened, who, locale)


@screenings.get("")
async def list_screenings(
    tx: Tx,
    client_id: UUID,
    locale: Locale,
    protocol: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Principal = READ,
) -> Page[ScreeningAnswer]:
    """A client's decisions, newest first; never an answer, whoever asks."""
    branches = await client_store.branches_of(tx, client_id)
    if branches is None or not who.sees_any(branches):
        raise ClientNotFound
    rows, after = page(
        await store.page_of_client(tx, client_id, protocol, place_of(cursor), limit + 1), limit, lambda row: row.id
    )
    asked = await protocols.several(tx, {(row.protocol, row.protocol_version) for row in rows})
    items = [_bare(row, asked[row.protocol, row.protocol_version], locale) for row in rows]
    return Page(items=items, next_cursor=after)


@screenings.get("/{id}")
async def show(
    tx: Tx, vault: TheVault, id: UUID, locale: Locale, why: WhyRead = "", who: Principal = READ
) -> ScreeningAnswer:
    """A decision; with `screening:answers` what it rests on, for the session's therapist its limits. Audited."""
    return _seen(await reading.read(tx, vault, who, id, why), locale)


def _decided(screened: Screened, who: Principal, locale: str) -> ScreeningAnswer:
    decision, protocol, day = screened.decision, screened.protocol, screened.day
    outcome = screened.standing.outcome_on(day)
    may = ANSWERS in who.scopes
    codes = [(code, None) for code in decision.limits]
    return ScreeningAnswer(
        id=screened.id,
        client_id=screened.client_id,
        protocol=protocol.name,
        protocol_version=protocol.version,
        outcome=outcome,
        deferred_until=decision.deferred_until if outcome is Outcome.DEFERRED else None,
        asks_again=bool(decision.open_questions),
        limits=wording.limits(protocol, codes, locale) if may else [],
        reasons=wording.reasons(protocol, decision, day, locale)
        if may
        else wording.withheld(protocol, outcome, locale),
        valid_until=screened.standing.valid_until,
    )


def _bare(row: Any, protocol: Protocol, locale: str) -> ScreeningAnswer:
    outcome = Outcome(row.outcome)
    return ScreeningAnswer(
        id=row.id,
        client_id=row.client_id,
        protocol=row.protocol,
        protocol_version=row.protocol_version,
        outcome=outcome,
        reasons=wording.withheld(protocol, outcome, locale),
        valid_until=row.valid_until,
        decided_at=row.decided_at,
        current=row.is_current,
        erased=row.vault is None,
    )


def _seen(seen: Seen, locale: str) -> ScreeningAnswer:
    answer = _bare(seen.row, seen.protocol, locale)
    if seen.limits is not None:
        answer.limits = wording.limits(seen.standing_protocol or seen.protocol, seen.limits, locale)
    if seen.unsealed is None:
        return answer
    decision, content = seen.unsealed.decision, seen.unsealed.content
    answer.reasons = wording.reasons(seen.protocol, decision, seen.unsealed.day, locale)
    answer.redecided = _redecided(seen, locale)
    answer.asks_again = bool(decision.open_questions)
    answer.deferred_until = decision.deferred_until if answer.outcome is Outcome.DEFERRED else None
    answer.answers, answer.advisory, answer.signed_by = content["answers"], content["advisory"], content["signed_by"]
    answer.clearances = [
        LetterAnswer.model_validate(
            letter.content | {"id": letter.id, "document": _document_name(letter.content["document"])}
        )
        for letter in seen.unsealed.letters
    ]
    return answer


def _redecided(seen: Seen, locale: str) -> Redecided | None:
    """What the same answers mean under a version that was activated since."""
    if seen.unsealed is None or seen.unsealed.protocol.version == seen.row.protocol_version:
        return None
    now, day = seen.unsealed.now, seen.unsealed.day
    return Redecided(
        protocol_version=seen.unsealed.protocol.version,
        outcome=now.outcome_on(day),
        reasons=wording.reasons(seen.unsealed.protocol, now, day, locale),
    )


def _document_name(document: dict[str, str] | str | None) -> str | None:
    return str(document["filename"]) if isinstance(document, dict) else document
