"""How commands print and fail: a table for a person, JSON for a program, and one line that says what to do."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from deploy import runtime

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DataDir = Annotated[Path | None, typer.Option(help="The running system's data folder. [default: .caibei]")]
As = Annotated[str, typer.Option("--as", help="Which API client of runtime.json to use.")]


def fail(message: str, code: int = 1) -> NoReturn:
    """End with a message on stderr."""
    print(message, file=sys.stderr)
    raise typer.Exit(code)


def show(rows: Sequence[Mapping[str, Any]], as_json: bool, *, empty: str = "nothing") -> None:
    """Rows with the same keys: a JSON list, or a table headed by the keys of the first."""
    if as_json:
        show_one(list(rows), True)
        return
    if not rows:
        print(empty)
        return
    columns = list(rows[0])
    cells = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def show_one(found: Any, as_json: bool) -> None:
    """One thing: JSON, or `name: value` lines."""
    if as_json:
        print(json.dumps(found, indent=2, default=str, ensure_ascii=False))
        return
    width = max(map(len, found), default=0)
    for name, value in found.items():
        print(f"{name.ljust(width)}  {_cell(value)}")


def running(data_dir: Path | None) -> runtime.Runtime:
    """The running system, or an end that says how to start one."""
    try:
        return runtime.load(data_dir)
    except runtime.NotRunning as error:
        fail(str(error), 3)


def ask(work: Callable[[Any], Awaitable[Any]], found: runtime.Runtime, client: str = "admin") -> Any:
    """Run `work(services)` signed in as `client`; a refusal or silence ends the command with its reason."""
    from deploy.cli.chain.services import Refusal, Services, Unreachable

    async def run() -> Any:
        async with Services(dict(found["services"]), found["api_clients"][client]) as services:
            return await work(services)

    if client not in found["api_clients"]:
        fail(f"no API client {client!r}: there are {', '.join(found['api_clients'])}")
    try:
        return asyncio.run(run())
    except (Refusal, Unreachable) as error:
        fail(str(error))


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)
