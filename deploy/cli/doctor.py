"""`caibei doctor`: checks this machine and the running system, and says what to do about each problem."""

import asyncio
from pathlib import Path

import typer

from deploy.cli import checkup
from deploy.cli.console import DataDir, Json, show
from deploy.runtime import NotRunning, default_data_dir, load

app = typer.Typer()
MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}


@app.command()
def doctor(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Check ports, versions, disk, database, broker, schema versions and clock. Ends with 1 if there is a problem."""
    folder: Path = data_dir or default_data_dir()
    try:
        running = load(data_dir)
    except NotRunning:
        running = None
    findings = checkup.machine(folder, running)
    if running is None:
        findings.append(checkup.Finding("system", "ok", "not running on this data folder", "`make run` starts it"))
    else:
        findings += asyncio.run(checkup.system(running, folder))
    if as_json:
        show([finding._asdict() for finding in findings], True)
    else:
        for finding in findings:
            print(f"{MARKS[finding.status]} {finding.check:<18} {finding.found}")
            if finding.status != "ok":
                print(f"  {'':<18} → {finding.do}")
    raise typer.Exit(int(any(finding.status == "problem" for finding in findings)))
