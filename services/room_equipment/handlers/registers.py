"""Registers as files: read in one moment, row by row, into a file on disk; then the connection is given back."""

import asyncio
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from services.room_equipment.documents.register import PARTS, Name, Part
from services.room_equipment.store import projections, registers
from shared.errors import NotFound
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.sheets import CsvTable, Workbook

IN_MEMORY = 1024 * 1024


async def reach(tx: Transaction, who: Principal, branch_id: UUID | None) -> tuple[list[UUID] | None, str]:
    """Which branches the register is of (None: all), and the word for them in its file's name. The first statement.

    Raises:
        NotFound: no such branch, or not in the token.
    """
    await registers.one_moment(tx)
    if branch_id is None:
        return who.branch_list, "all"
    who.must_see(branch_id, "branch_not_found", "There is no such branch.")
    branch = await projections.branch(tx, branch_id)
    if branch is None:
        raise NotFound("branch_not_found", "There is no such branch.")
    return [branch_id], branch.code


async def as_csv(tx: Transaction, branches: list[UUID] | None, name: Name, *, bom: bool) -> IO[bytes]:
    """One part of the register."""
    part, file = PARTS[name], _file()
    table = CsvTable(part.columns, bom=bom)
    file.write(table.head())
    async for rows in registers.rows(tx, part.statement, branches):
        file.write(await asyncio.to_thread(table.lines, [part.row(row) for row in rows]))
    return file


async def as_workbook(tx: Transaction, branches: list[UUID] | None, title: str) -> IO[bytes]:
    """All of it, a sheet each."""
    file = _file()
    book = await asyncio.to_thread(Workbook, file, title=title)
    for part in PARTS.values():
        sheet = book.sheet(part.title, part.columns)
        async for rows in registers.rows(tx, part.statement, branches):
            await asyncio.to_thread(sheet.write, _cells(part, rows))
        sheet.filtered()
    await asyncio.to_thread(book.close)
    return file


def _cells(part: Part, rows: Any) -> Any:
    return (part.row(row) for row in rows)


def _file() -> IO[bytes]:
    return SpooledTemporaryFile(IN_MEMORY)
