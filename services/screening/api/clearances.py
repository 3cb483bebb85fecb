"""`/v1/screenings/{id}/clearances` and `/limit-acknowledgements`: a professional's letter, and the limits read."""

from uuid import UUID

from fastapi import Request, Response

from services.screening import wording
from services.screening.api.parameters import Locale, TheVault, WhyRead
from services.screening.domain.errors import ScreeningNotFound
from services.screening.handlers import documents
from services.screening.handlers.arrive import acknowledge
from services.screening.handlers.letter import record
from services.screening.schemas import (
    AcknowledgementAnswer,
    ClearanceAnswer,
    Document,
    NewAcknowledgement,
    NewClearance,
)
from shared.kit.auth import Principal, requires
from shared.kit.unit import Tx, Unit, router

clearances = router("/v1/screenings/{id}", "clearances")

# A scan is shown by no page of ours: it is saved, and opened by whoever asked for it.
_AS_A_FILE = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}


@clearances.post("/clearances", status_code=201)
async def create(
    unit: Unit,
    vault: TheVault,
    id: UUID,
    body: NewClearance,
    request: Request,
    who: Principal = requires("screening:write"),
) -> ClearanceAnswer:
    """Record a professional's letter. It never turns a decline into a yes, and holds 6 months at most (house rule).

    `document` is a scan (PDF, PNG or JPEG, judged by its bytes; at most 5 MB, a setting), or a word on where it is.
    """
    given, scan = body.document, None
    if isinstance(given, Document):
        scan = documents.checked(given.content_type, given.data, request.app.state.settings.document_max_bytes)
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
            "document": scan.described(given.filename) if scan and isinstance(given, Document) else given,
        },
    )
    if scan is not None and unit.subject_id is not None:
        await documents.keep(await unit.begin(), vault, unit.subject_id, lettered.id, scan)
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
    """The scan of a letter, as a download. Audited."""
    found = await documents.read(tx, vault, who, id, clearance_id, why)
    if found is None:
        raise ScreeningNotFound
    name = f'attachment; filename="clearance-{clearance_id}.{found.kind.suffix}"'
    return Response(found.data, media_type=found.kind.value, headers=_AS_A_FILE | {"Content-Disposition": name})


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
