"""`/v1/reports/…`: by branch, treatment, therapist and local days; as JSON, CSV and XLSX."""

import asyncio
from datetime import date
from io import BytesIO
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Response

from services.scheduling.api.places import Reader
from services.scheduling.documents import reports as sheets
from services.scheduling.domain.reporting import Per
from services.scheduling.handlers import reports as handlers
from services.scheduling.handlers.reports import By, Name, Wish
from services.scheduling.schemas.reports import Cancellations, Displaced, Report, Revenue, Row, Utilisation
from shared.kit.downloads import CSV, XLSX, described, disposition, file_name
from shared.kit.sheets import Column, CsvTable, Workbook
from shared.kit.unit import Tx, Unit, router

routes = router("/v1/reports", "reports")
R = TypeVar("R", bound=Row)
Bom = Annotated[bool, Query(description="Begin with the mark by which Excel knows UTF-8.")]


async def days(
    from_: Annotated[date, Query(alias="from", description="The first local day.", examples=["2027-01-01"])],
    to: Annotated[date, Query(description="The last local day, included.", examples=["2027-01-31"])],
    by: Annotated[
        list[By],
        Query(min_length=1, max_length=4, description="What to split by; repeat for several. `chain`: nothing."),
    ] = ["branch"],  # noqa: B006  # never changed
    per: Annotated[Per, Query(description="How to cut the days. A week begins on Monday.")] = "period",
    branch_id: Annotated[
        list[UUID] | None, Query(min_length=1, max_length=200, description="Only these. May be repeated.")
    ] = None,
) -> dict[str, Any]:
    """What every report is asked for with."""
    branch_ids = None if branch_id is None else list(dict.fromkeys(branch_id))
    return {"first": from_, "last": to, "by": tuple(dict.fromkeys(by)), "per": per, "branch_ids": branch_ids}


Days = Annotated[dict[str, Any], Depends(days)]


@routes.get("/{name}.csv", response_class=Response, responses=described(CSV))
async def report_csv(name: Name, who: Reader, unit: Unit, asked: Days, bom: Bom = True) -> Response:
    """A report as CSV, one row a line. Money is in whole units of its currency."""
    report = await handlers.made(await unit.begin(), who, Wish(name, **asked))
    await unit.commit()  # no connection is held while it is written
    return _sent(await asyncio.to_thread(_csv, report, bom), CSV, report)


@routes.get("/{name}.xlsx", response_class=Response, responses=described(XLSX))
async def report_workbook(name: Name, who: Reader, unit: Unit, asked: Days) -> Response:
    """A report as a workbook; its second sheet says what each number means."""
    report = await handlers.made(await unit.begin(), who, Wish(name, **asked))
    await unit.commit()
    return _sent(await asyncio.to_thread(_workbook, report), XLSX, report)


@routes.get("/utilisation")
async def utilisation(who: Reader, tx: Tx, asked: Days) -> Report[Utilisation]:
    """How much of the time therapists were there for is booked. Not by treatment: a shift belongs to none."""
    return _answer(Report[Utilisation], await handlers.made(tx, who, Wish("utilisation", **asked)))


@routes.get("/cancellations")
async def cancellations(who: Reader, tx: Tx, asked: Days) -> Report[Cancellations]:
    """What was cancelled, by whom and how late, and who did not come."""
    return _answer(Report[Cancellations], await handlers.made(tx, who, Wish("cancellations", **asked)))


@routes.get("/displaced")
async def displaced(who: Reader, tx: Tx, asked: Days) -> Report[Displaced]:
    """Which sessions lost their room, or their time to a closure, and what became of them."""
    return _answer(Report[Displaced], await handlers.made(tx, who, Wish("displaced", **asked)))


@routes.get("/revenue")
async def revenue(who: Reader, tx: Tx, asked: Days) -> Report[Revenue]:
    """What sessions earned and are to earn, at the price each was booked at. Nothing is added across currencies."""
    return _answer(Report[Revenue], await handlers.made(tx, who, Wish("revenue", **asked)))


def _answer(shape: type[Report[R]], report: handlers.Report) -> Report[R]:
    wish = report.wish
    return shape.model_validate(
        {"from_": wish.first, "to": wish.last, "by": wish.by, "per": wish.per, "computed_at": report.computed_at,
         "items": report.rows}
    )  # fmt: skip


def _csv(report: handlers.Report, bom: bool) -> bytes:
    wish, fees = report.wish, sheets.fees_of(report.rows)
    table = CsvTable(sheets.columns(wish.name, wish.by, fees), bom=bom)
    return table.head() + table.lines(sheets.line(wish.name, wish.by, fees, row) for row in report.rows)


def _workbook(report: handlers.Report) -> bytes:
    file, wish, fees = BytesIO(), report.wish, sheets.fees_of(report.rows)
    book = Workbook(file, title=_title(report))
    sheet = book.sheet(wish.name.capitalize(), sheets.columns(wish.name, wish.by, fees))
    sheet.write(sheets.line(wish.name, wish.by, fees, row) for row in report.rows)
    sheet.filtered()
    meanings = book.sheet("Meanings", [Column("Column", 20), Column("Means", 90)])
    meanings.write([figure.title, figure.means] for figure in sheets.FIGURES[wish.name])
    book.close()
    return file.getvalue()


def _title(report: handlers.Report) -> str:
    return f"{report.wish.name.capitalize()}, {report.wish.first} to {report.wish.last}"


def _sent(content: bytes, kind: str, report: handlers.Report) -> Response:
    wish, suffix = report.wish, "csv" if kind == CSV else "xlsx"
    name = file_name(f"{wish.name}-{wish.first}-{wish.last}", suffix)
    return Response(
        content, media_type=kind, headers={"Content-Disposition": disposition(name), "Cache-Control": "no-store"}
    )
