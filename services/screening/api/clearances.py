"""`/v1/screenings/{id}/clearances` and `/limit-acknowledgements`: a professional's letter, and the limits read."""

import base64
import binascii
from typing import Any
from uuid import UUID

from fastapi import Response

from services.screening import wording
from services.screening.api.parameters import Locale, TheVault, WhyRead
from services.screening.domain.errors import ScreeningNotFound
from services.screening.handlers import reading
from services.screening.handlers.arrive import acknowledge
from services.screening.handlers.letter import record
from services.screening.schemas import (
    AcknowledgementAnswer,
    ClearanceAnswer,
    Document,
    NewAcknowledgement,
    NewClearance,
)
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.unit import Tx, Unit, router

clearances = router("/v1/screenings/{id}", "clearances")

_FIRST_BYTES = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


@clearances.post("/clearances", status_code=201)
async def create(
    unit: Unit, vault: TheVault, id: UUID, body: NewClearance, who: Principal = requires("screening:write")
) -> ClearanceAnswer:
    """Record a professional's letter. It never turns a decline into a yes, and holds 6 months at most (house rule)."""
    lettered = await record(
        unit,
        vault,
        who,
        id,
        verdict=body.verdict,
        issued_on=body.issued_on,
        valid_until=body.valid_until,
        content={
            "professional": body.professional.model_dump(),
            "limits": body.limits,
            "document": _checked(body.document),
        },
    )
    return ClearanceAnswer(
        id=lettered.id,
        screening_id=id,
        verdict=body.verdict,
        valid_until=lettered.valid_until,
        outcome=lettered.standing.outcome_on(lettered.day),
    )


@clearances.get("/clearances/{clearance_id}/document", response_class=Response)
async def document(
    tx: Tx,
    vault: TheVault,
    id: UUID,
    clearance_id: UUID,
    why: WhyRead = "",
    who: Principal = requires("screening:read", "screening:answers"),
) -> Response:
    """The scan of a letter. Audited."""
    found = await reading.document(tx, vault, who, id, clearance_id, why)
    if found is None:
        raise ScreeningNotFound
    return Response(
        base64.b64decode(found["data"]),
        media_type=found["content_type"],
        headers={"Content-Disposition": "attachment", "Cache-Control": "no-store"},
    )


@clearances.post("/limit-acknowledgements", status_code=201)
async def acknowledge_limits(
    unit: Unit,
    vault: TheVault,
    id: UUID,
    body: NewAcknowledgement,
    locale: Locale,
    who: Principal = requires("screening:limits"),
) -> AcknowledgementAnswer:
    """The assigned therapist has read the limits of this session, and answers for them."""
    done = await acknowledge(unit, vault, who, id, body.appointment_id)
    return AcknowledgementAnswer(
        id=done.id,
        screening_id=id,
        appointment_id=done.appointment_id,
        therapist_id=done.therapist_id,
        acknowledged_at=done.acknowledged_at,
        limits=wording.limits(done.protocol, done.limits, locale),
    )


def _checked(document: Document | str | None) -> dict[str, Any] | str | None:
    """A scan must be what it says it is; what it says is never run, only handed back.

    Raises:
        Invalid: `data` is not base64, or its first bytes are of another type.
    """
    if not isinstance(document, Document):
        return document
    try:
        data = base64.b64decode(document.data, validate=True)
    except binascii.Error:
        raise Invalid("document_invalid", "The document is not base64.", pointer="/document/data") from None
    if not data.startswith(_FIRST_BYTES[document.content_type]):
        raise Invalid("document_invalid", "The document is not of that type.", pointer="/document/content_type")
    return document.model_dump()
