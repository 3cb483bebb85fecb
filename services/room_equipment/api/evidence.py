"""`/v1/assignments/{appointment_id}/evidence`: as JSON, and as a paper."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.room_equipment.documents.evidence import paper
from services.room_equipment.handlers import evidence as handlers
from services.room_equipment.schemas.evidence import EvidenceAnswer
from shared.kit.auth import Principal, requires
from shared.kit.downloads import PDF, described, download, file_name
from shared.kit.papers import press
from shared.kit.unit import Unit, router

evidence = router("/v1/assignments", "assignments")
_EITHER: dict[int | str, dict[str, Any]] = {200: {"content": described(PDF)[200]["content"]}}


@evidence.get("/{appointment_id}/evidence", response_model=EvidenceAnswer, responses=_EITHER)
async def show(
    unit: Unit, appointment_id: UUID, request: Request, response: Response, who: Principal = requires("rooms:read")
) -> Any:
    """Bars, inspections, load, checks and people valid at the minute of the session; a PDF where one is accepted."""
    found = await handlers.of(await unit.begin(), who, appointment_id)
    if PDF in request.headers.get("accept", ""):
        return await _printed(unit, request, found)
    response.headers["Vary"] = "Accept"
    return EvidenceAnswer.model_validate(found)


@evidence.get("/{appointment_id}/evidence.pdf", response_class=Response, responses=described(PDF))
async def show_paper(
    unit: Unit, appointment_id: UUID, request: Request, who: Principal = requires("rooms:read")
) -> Response:
    """The same on paper."""
    return await _printed(unit, request, await handlers.of(await unit.begin(), who, appointment_id))


async def _printed(unit: Unit, request: Request, found: dict[str, Any]) -> Response:
    await unit.commit()  # no connection is held while it is printed
    made = paper(found, request.app.state.settings.letterhead_lines, datetime.now(UTC))
    answer = download(await press(made), PDF, file_name(f"evidence-{found['appointment_id']}", "pdf"), inline=True)
    answer.headers["Vary"] = "Accept"
    return answer
