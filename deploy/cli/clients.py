"""`caibei clients`: the API clients that may ask for tokens."""

from typing import Annotated

import typer

from deploy.cli.console import DataDir, Json, ask, running, show, show_one

app = typer.Typer(no_args_is_help=True)
COLUMNS = ("client_id", "name", "scopes", "branches", "last_used_at", "revoked_at")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; repeat it.")],
    branch: Annotated[list[str] | None, typer.Option(help="A branch id; repeat it. [default: every branch]")] = None,
    therapist_id: Annotated[str | None, typer.Option(help="For a therapist's own device.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make one. The secret is printed now and never again."""
    body = {"name": name, "scopes": scope, "branches": branch or ["*"], "therapist_id": therapist_id}
    show_one(ask(lambda services: services.post("identity", "/v1/api-clients", body), running(data_dir)), as_json)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """All of them, revoked ones too."""
    found = ask(lambda services: services.all("identity", "/v1/api-clients"), running(data_dir))
    show(found if as_json else [{column: row[column] for column in COLUMNS} for row in found], as_json)


@app.command()
def rotate(
    client_id: str,
    overlap_minutes: Annotated[int, typer.Option(min=0, max=1440, help="How long the old secret still opens.")] = 0,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """A new secret, printed now and never again."""
    path, body = f"/v1/api-clients/{client_id}/rotate", {"overlap_minutes": overlap_minutes}
    show_one(ask(lambda services: services.post("identity", path, body), running(data_dir)), as_json)


@app.command()
def revoke(client_id: str, data_dir: DataDir = None, as_json: Json = False) -> None:
    """No more tokens for it, for good."""
    path = f"/v1/api-clients/{client_id}/revoke"
    show_one(ask(lambda services: services.post("identity", path), running(data_dir)), as_json)
