"""`caibei import`: a chain from YAML or CSV, checked as a whole and then loaded through the public commands."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy import runtime
from deploy.cli.chain.faults import Fault, Faulty
from deploy.cli.chain.foreign import is_foreign
from deploy.cli.chain.importing import load, prepare, prepare_bookings
from deploy.cli.chain.loading import Loading
from deploy.cli.chain.mapping import load_mapping
from deploy.cli.chain.report import Report
from deploy.cli.chain.services import Refusal, Services, Unreachable
from deploy.cli.chain.signin import sign_in

app = typer.Typer()
errors = Console(stderr=True, highlight=False, soft_wrap=True)
SHOWN = 200


@app.command(name="import")
def import_chain(
    file: Annotated[
        Path,
        typer.Argument(help="A YAML file, a folder of YAML or of CSV files (one a noun); or bookings: a .csv or .ics."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, load nothing.")] = False,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="What relative days (+3d, mon) count from.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="Bookings: which column is which field, and what its words mean (YAML).")
    ] = None,
    branch: Annotated[str | None, typer.Option(help="Bookings: the branch of all of them, by code or name.")] = None,
    width: Annotated[int, typer.Option(min=1, max=64, help="Commands at once.")] = 8,
    data_dir: Annotated[Path | None, typer.Option(help="The running system's data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what happened as JSON.")] = False,
) -> None:
    """Load a chain: branches, rooms, bars with their history, therapists, shifts, clients, screenings, appointments.

    Everything is checked first, also against the services; one bad row, and nothing is imported. What is there
    already is left as it is, so the same file may be imported again, and an import that broke off goes on.
    Of another system's bookings every conflict is listed before anything is booked; then the saga decides each.
    docs/import.md describes the files.
    """
    try:
        day_of = day.date() if day else None
        report = asyncio.run(_import(file, (mapping, branch), dry_run, day_of, width, data_dir, as_json))
    except Faulty as faulty:
        _tell_faults(faulty.faults, as_json)
        raise typer.Exit(1) from None
    except runtime.NotRunning as error:
        _tell_trouble(str(error), as_json)
        raise typer.Exit(3) from None
    except (Unreachable, Refusal) as error:
        _tell_trouble(str(error), as_json)
        raise typer.Exit(1) from None
    if not report.complete:
        raise typer.Exit(1)


async def _import(
    file: Path, foreign: tuple[Path | None, str | None], dry_run: bool, day: date | None, width: int,
    data_dir: Path | None, as_json: bool,
) -> Report:  # fmt: skip
    urls, client = sign_in(data_dir)
    async with Services(urls, client, width) as services:
        if is_foreign(file):
            loading = await prepare_bookings(file, load_mapping(*foreign), services, day)
        else:
            loading = await prepare(file, services, day)
        if dry_run:
            _tell_checked(loading, as_json)
            loading.report.failed += loading.conflicts
            return loading.report
        with _progress(loading, quiet=as_json):
            await load(loading)
    _tell_done(loading, as_json)
    return loading.report


@contextmanager
def _progress(loading: Loading, *, quiet: bool) -> Iterator[None]:
    """A bar a noun where there is a terminal; elsewhere the summary at the end is enough."""
    columns = TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        bars = {
            noun: progress.add_task(noun.replace("_", " "), total=count)
            for noun, count in loading.chain.counts.items()
            if noun != "inspectors"
        }
        loading.told = lambda noun: progress.advance(bars[noun])
        yield


def _tell_checked(loading: Loading, as_json: bool) -> None:
    counts, day = loading.chain.counts, loading.calendar.anchor
    if as_json:
        said = {"complete": not loading.conflicts, "dry_run": True, "day": str(day), "rows": counts,
                "skipped": loading.skipped, "conflicts": [fault.as_json() for fault in loading.conflicts]}  # fmt: skip
        print(json.dumps(said, indent=2))
        return
    _tell_conflicts(loading)
    rows = ", ".join(f"{count} {noun.replace('_', ' ')}" for noun, count in counts.items())
    Console(highlight=False).print(
        f"[green]✓[/] no faults in {rows}. Relative days count from {day}. Nothing was loaded."
    )


def _tell_conflicts(loading: Loading) -> None:
    for fault in loading.conflicts[:SHOWN]:
        errors.print(f"[yellow]![/] {escape(str(fault))}")
    if loading.conflicts:
        errors.print(f"[yellow]{len(loading.conflicts)} conflicts[/]: these would be refused as things are now.")
    if loading.skipped:
        errors.print(f"{loading.skipped} were not to be booked: cancelled, passed, or an older version of another.")


def _tell_done(loading: Loading, as_json: bool) -> None:
    report, day = loading.report, loading.calendar.anchor
    if as_json:
        foreseen = {"skipped": loading.skipped, "conflicts": [fault.as_json() for fault in loading.conflicts]}
        print(json.dumps({**report.as_json(), **foreseen, "dry_run": False, "day": str(day)}, indent=2))
        return
    table = Table("", "loaded", "there already", box=None, pad_edge=False, header_style="dim")
    for noun in loading.chain.counts:
        if noun != "inspectors":
            table.add_row(noun.replace("_", " "), str(report.created[noun]), str(report.present[noun]))
    console = Console(highlight=False)
    console.print(table)
    if passed := sum(report.passed.values()):
        console.print(f"{passed} sessions were not booked: their time has passed since {day}, the day of import.")
    for fault in report.differing[:SHOWN]:
        errors.print(f"[yellow]![/] {escape(str(fault))}")
    for fault in report.failed[:SHOWN]:
        errors.print(f"[red]✗[/] {escape(str(fault))}")
    if report.complete:
        console.print(f"[green]✓[/] imported in {report.seconds:.1f} s")
    else:
        errors.print(
            f"[yellow]{len(report.failed)} rows were refused[/]; the others are loaded. "
            "Put them right and run the same import again: it goes on from here."
        )


def _tell_faults(faults: list[Fault], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"complete": False, "faults": [fault.as_json() for fault in faults]}, indent=2))
        return
    for fault in faults[:SHOWN]:
        errors.print(f"[red]✗[/] {escape(str(fault))}")
    if len(faults) > SHOWN:
        errors.print(f"… and {len(faults) - SHOWN} more (all of them with --json)")
    errors.print(f"[red]{len(faults)} faults: nothing was imported.[/]")


def _tell_trouble(problem: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"complete": False, "error": problem}, indent=2))
    else:
        errors.print(problem, markup=False)


if __name__ == "__main__":
    app()
