"""`/v1/branches/{id}/register.csv|.xlsx`, and `/v1/register.…` for every branch the token names."""

from collections.abc import Iterator
from typing import IO, Annotated
from uuid import UUID

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from services.room_equipment.documents.register import Name
from services.room_equipment.handlers import registers as handlers
from shared.kit.auth import Principal, requires
from shared.kit.downloads import CSV, XLSX, described, disposition, file_name
from shared.kit.unit import Unit, router

registers = router("/v1", "registers")
Sheet = Annotated[Name, Query(description="Which part; a workbook has them all.")]
Bom = Annotated[bool, Query(description="Begin with the mark by which Excel knows UTF-8.")]


@registers.get("/branches/{branch_id}/register.csv", response_class=Response, responses=described(CSV))
async def branch_csv(
    unit: Unit, branch_id: UUID, sheet: Sheet = "bars", bom: Bom = True, who: Principal = requires("rooms:read")
) -> Response:
    """Every room and bar of the branch, or another part of its register, one a line."""
    return await _csv(unit, who, branch_id, sheet, bom)


@registers.get("/register.csv", response_class=Response, responses=described(CSV))
async def csv(unit: Unit, sheet: Sheet = "bars", bom: Bom = True, who: Principal = requires("rooms:read")) -> Response:
    """The same of every branch the token names."""
    return await _csv(unit, who, None, sheet, bom)


@registers.get("/branches/{branch_id}/register.xlsx", response_class=Response, responses=described(XLSX))
async def branch_workbook(unit: Unit, branch_id: UUID, who: Principal = requires("rooms:read")) -> Response:
    """Rooms and bars, equipment, inspections, lock-outs and work orders of the branch, a sheet each."""
    return await _workbook(unit, who, branch_id)


@registers.get("/register.xlsx", response_class=Response, responses=described(XLSX))
async def workbook(unit: Unit, who: Principal = requires("rooms:read")) -> Response:
    """The same of every branch the token names."""
    return await _workbook(unit, who, None)


async def _csv(unit: Unit, who: Principal, branch_id: UUID | None, sheet: Name, bom: bool) -> Response:
    tx = await unit.begin()
    branches, word = await handlers.reach(tx, who, branch_id)
    file = await handlers.as_csv(tx, branches, sheet, bom=bom)
    await unit.commit()
    return _sent(file, CSV, file_name(f"register-{word}-{sheet}", "csv"))


async def _workbook(unit: Unit, who: Principal, branch_id: UUID | None) -> Response:
    tx = await unit.begin()
    branches, word = await handlers.reach(tx, who, branch_id)
    file = await handlers.as_workbook(tx, branches, f"Register of {word}")
    await unit.commit()
    return _sent(file, XLSX, file_name(f"register-{word}", "xlsx"))


def _sent(file: IO[bytes], media_type: str, name: str) -> Response:
    size = file.tell()
    file.seek(0)
    headers = {"Content-Disposition": disposition(name), "Cache-Control": "no-store", "Content-Length": str(size)}
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(65_536):
            yield chunk
