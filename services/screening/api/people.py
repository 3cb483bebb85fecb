"""A person's data: `/v1/clients/{id}/export`, and `/v1/erasures`, the proof that someone was forgotten."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic import Field

from services.screening.api.parameters import Locale, TheVault, WhyRead
from services.screening.handlers.export import export
from services.screening.papers import of_person
from services.screening.store import erasures as store
from shared.errors import Invalid, NotFound
from shared.kit.auth import Principal, requires
from shared.kit.body import Answer
from shared.kit.downloads import PDF, described, download, file_name
from shared.kit.paging import Cursor, Limit, Page, page, position
from shared.kit.papers import press
from shared.kit.unit import Tx, Unit, router

people = router("/v1", "people's data")
EXPORT = requires("screening:read", "screening:answers")


class ExportAnswer(Answer):
    """`readings`: when answers were opened, and why. Documents are downloaded one by one, by their letters' ids."""

    client_id: UUID
    exported_at: datetime
    screenings: list[dict[str, Any]]
    arrivals: list[dict[str, Any]]
    standings: list[dict[str, Any]]
    acknowledgements: list[dict[str, Any]]
    readings: list[dict[str, Any]]
    invitations: list[dict[str, Any]]
    questionnaire_responses: list[dict[str, Any]] = Field(
        description="The same answers as HL7 FHIR R4 `QuestionnaireResponse` resources, to be taken elsewhere."
    )


class ErasureAnswer(Answer):
    client_id: UUID
    erased_at: datetime


@people.get("/clients/{client_id}/export")
async def export_client(
    tx: Tx, vault: TheVault, client_id: UUID, locale: Locale, why: WhyRead = "", who: Principal = EXPORT
) -> ExportAnswer:
    """Everything kept here of a client: answers, decisions, letters, limits, signatures, readings. Audited."""
    found = await export(tx, vault, who, client_id, why, locale)
    parts = {name: value for name, value in vars(found).items() if name != "at"}
    return ExportAnswer(exported_at=found.at, **parts)


@people.get("/clients/{client_id}/export.pdf", response_class=Response, responses=described(PDF))
async def print_client(
    unit: Unit, vault: TheVault, client_id: UUID, locale: Locale, why: WhyRead = "", who: Principal = EXPORT
) -> Response:
    """The same to read: the questions as they were asked, with each answer. Audited."""
    found = await export(await unit.begin(), vault, who, client_id, why, locale)
    await unit.commit()  # the reading is written down before anything is printed
    pdf = await press(of_person(found))
    return download(pdf, PDF, file_name(f"client-{client_id}", "pdf"))


@people.get("/erasures")
async def list_erasures(
    tx: Tx, limit: Limit = 50, cursor: Cursor = None, who: Principal = requires("screening:read")
) -> Page[ErasureAnswer]:
    """Whom screening has forgotten, by id."""
    rows, after = page(
        await store.page(tx, who.branch_list, limit + 1, after=_after(cursor)), limit, lambda row: str(row.client_id)
    )
    return Page(items=[ErasureAnswer.model_validate(row) for row in rows], next_cursor=after)


@people.get("/erasures/{client_id}")
async def show_erasure(tx: Tx, client_id: UUID, who: Principal = requires("screening:read")) -> ErasureAnswer:
    """Since when this client's key is destroyed."""
    rows = await store.page(tx, who.branch_list, 1, id=client_id)
    if not rows:
        raise NotFound("erasure_not_found", "No client of this id was erased.")
    return ErasureAnswer.model_validate(rows[0])


def _after(cursor: str | None) -> UUID | None:
    place = position(cursor)
    try:
        return None if place is None else UUID(place)
    except (ValueError, TypeError, AttributeError):
        raise Invalid("invalid_cursor", "Use the next_cursor of the page before, unchanged.") from None
