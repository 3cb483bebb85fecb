"""`/v1/bars/{id}/certificate.pdf`, labels with a QR code, and the placard that the code opens."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.room_equipment.handlers import certificates as handlers
from services.room_equipment.schemas.placards import PlacardAnswer
from services.room_equipment.settings import Settings
from shared.kit.auth import Principal, requires
from shared.kit.downloads import PDF, described, download, file_name, unchanged
from shared.kit.papers import Grid, press
from shared.kit.unit import Tx, Unit, router

certificates = router("/v1", "certificates")


@certificates.get("/bars/{bar_id}/certificate.pdf", response_class=Response, responses=described(PDF))
async def certificate(
    unit: Unit,
    bar_id: UUID,
    request: Request,
    inspection_id: Annotated[UUID | None, Query(description="An older one: it says what it is worth now.")] = None,
    who: Principal = requires("rooms:read"),
) -> Response:
    """The certificate in force; 409 `no_certificate` says which inspection is missing."""
    made = await handlers.report(await unit.begin(), who, bar_id, inspection_id, *_settings(request))
    return unchanged(request, made.etag) or await _printed(unit, made)


@certificates.get("/bars/{bar_id}/label.pdf", response_class=Response, responses=described(PDF))
async def label(unit: Unit, bar_id: UUID, request: Request, who: Principal = requires("rooms:read")) -> Response:
    """A label of 70 x 37 mm: serial, rated load, room, and a QR code that opens the bar's page."""
    return await _printed(unit, await handlers.label_of_bar(await unit.begin(), who, bar_id, *_settings(request)))


@certificates.get("/branches/{branch_id}/labels.pdf", response_class=Response, responses=described(PDF))
async def labels(
    unit: Unit,
    branch_id: UUID,
    request: Request,
    width_mm: Annotated[float, Query(ge=40, le=210, description="Of one label.")] = 70,
    height_mm: Annotated[float, Query(ge=20, le=297)] = 37,
    columns: Annotated[int, Query(ge=1, le=5)] = 3,
    rows: Annotated[int, Query(ge=1, le=14)] = 8,
    left_mm: Annotated[float, Query(ge=0, le=50, description="From the sheet's left edge to the first label.")] = 0,
    top_mm: Annotated[float, Query(ge=0, le=50)] = 0.5,
    who: Principal = requires("rooms:read"),
) -> Response:
    """Labels of all mounted bars on A4, by room. The default is the sheet of 3 x 8 labels of 70 x 37 mm."""
    grid = Grid(width_mm, height_mm, columns, rows, left_mm, top_mm)
    handlers.check_grid(grid)
    made = await handlers.labels_of_branch(await unit.begin(), who, branch_id, grid, *_settings(request))
    return await _printed(unit, made)


@certificates.get("/bars/{bar_id}/placard")
async def placard(
    tx: Tx,
    bar_id: UUID,
    request: Request,
    signature: Annotated[str, Query(max_length=100, description="Of the bar's label.")],
    who: Principal = requires("rooms:read"),
) -> PlacardAnswer:
    """What the bar's page shows to who stands before its label; a wrong signature is as good as no bar."""
    settings, _ = _settings(request)
    return PlacardAnswer.model_validate(await handlers.show_placard(tx, who, bar_id, signature, settings))


async def _printed(unit: Unit, made: handlers.Printable) -> Response:
    await unit.commit()  # no connection is held while it is printed
    return download(await press(made.paper), PDF, file_name(made.name, "pdf"), etag=made.etag, inline=True)


def _settings(request: Request) -> tuple[Settings, str]:
    return request.app.state.settings, request.app.state.common.console_url
