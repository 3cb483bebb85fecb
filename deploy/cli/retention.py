"""`caibei retention`: how long answers are kept, and what is past its time."""

from typing import Annotated

import typer

from deploy.cli.console import DataDir, Json, ask, running, show_one

app = typer.Typer(no_args_is_help=True)
PATH = "/v1/retention"


@app.command()
def status(data_dir: DataDir = None, as_json: Json = False) -> None:
    """The rules, and how many clients' answers are past their time: what the next run would destroy."""
    show_one(ask(lambda services: services.get("screening", PATH), running(data_dir)), as_json)


@app.command("set")
def set_(
    months: Annotated[int, typer.Argument(min=0, max=600, help="After the last session or standing; 0: for ever.")],
    branch_id: Annotated[str | None, typer.Option(help="Only for this branch. [default: the chain]")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Keep answers so long. A client of several branches is kept as long as the one that keeps longest."""
    body = {"branch_id": branch_id, "months": months or None}
    show_one(ask(lambda services: services.put("screening", PATH, body), running(data_dir)), as_json)
