"""`caibei timezones`: by which zone data times to come were derived, and deriving them anew after it was replaced."""

from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, ask, running, show, show_one

app = typer.Typer(no_args_is_help=True)
PATH = "/v1/ops/timezones"


@app.command("show")
def show_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """The zones of the branches, and the sessions that could not follow a change. Ends with 1 if something is to do."""
    found = ask(lambda services: services.get("scheduling", PATH), running(data_dir))
    rows = [
        {"timezone": one["timezone"], "branches": len(one["branch_ids"]), "data": one["version"] or one["applied"],
         "derived": one["rules"] == one["applied"]}
        for one in found["items"]
    ]  # fmt: skip
    if as_json:
        show_one(found, True)
    else:
        show(rows, False, empty="no branches")
        _list("conflicts", found["conflicts"], ("appointment_id", "promised", "starts_at", "code"))
    raise typer.Exit(int(bool(found["conflicts"]) or not all(row["derived"] for row in rows)))


@app.command()
def rederive(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Look at the zone data now: in every zone whose rules are others, what is to come keeps its wall time.

    scheduling does so by itself when it starts and every ten minutes; all of it reads a replaced file after a restart.
    """
    path = f"{PATH}?dry_run=true" if dry_run else PATH
    found = ask(lambda services: services.post("scheduling", path, {}), running(data_dir))
    if as_json:
        show_one(found, True)
        return
    rows = [one | {"sessions": len(one["sessions"])} for one in found["items"]]
    show(rows, False, empty="every zone's rules are those that times were derived from")
    sessions = [session for one in found["items"] for session in one["sessions"]]
    _list("sessions that follow", sessions, ("appointment_id", "promised", "starts_at", "becomes"))


def _list(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    if rows:
        print(f"\n{title}:")
        show([{name: row[name] for name in columns} for row in rows], False)
