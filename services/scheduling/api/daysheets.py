"""`/v1/branches/{id}/day-sheet`, and the same printed."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from services.scheduling.api.places import Reader
from services.scheduling.documents.daysheet import paper
from services.scheduling.handlers import daysheets as handlers
from services.scheduling.schemas.daysheets import DaySheet
from shared.kit import audit
from shared.kit.downloads import PDF, described, download, file_name, fingerprint, unchanged
from shared.kit.papers import press
from shared.kit.unit import Tx, Unit, router

routes = router("/v1/branches", "day sheets")
Day = Annotated[
    date | None, Query(description="A local day of the branch; without it, the one in use.", examples=["2027-01-15"])
]


@routes.get("/{branch_id}/day-sheet.pdf", response_class=Response, responses=described(PDF))
async def printed(branch_id: UUID, who: Reader, unit: Unit, request: Request, date: Day = None) -> Response:
    """The branch's day on paper: sessions by room and by therapist, each room's bars, what needs a person. Audited."""
    tx = await unit.begin()
    sheet = await handlers.made(tx, who, branch_id, date)
    etag = fingerprint(sheet.branch.version, _said(sheet.values))
    same = unchanged(request, etag)
    if same is not None:
        return same
    day = sheet.values["date"]
    await audit.record(tx, who, "printed_day_sheet", "branch", branch_id, branch_id=branch_id, reason=day.isoformat())
    await unit.commit()  # no connection is held while it is printed
    content = await press(paper(sheet.values, sheet.branch, sheet.zone))
    name = file_name(f"day-sheet-{sheet.branch.code}-{day.isoformat()}", "pdf")
    return download(content, PDF, name, etag=etag, inline=True)


@routes.get("/{branch_id}/day-sheet")
async def shown(branch_id: UUID, who: Reader, tx: Tx, date: Day = None) -> DaySheet:
    """The same for a screen. A working day goes from midnight, or the closing of the evening before, to where the next
    begins; it may have 23 or 25 hours."""
    return DaySheet.model_validate((await handlers.made(tx, who, branch_id, date)).values)


def _said(values: dict[str, Any]) -> list[Any]:
    """What is on it, without when it was read."""
    return [(name, value) for name, value in values.items() if name != "computed_at"]
