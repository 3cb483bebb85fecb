"""`caibei dead-letters`: messages that could not be handled."""

from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, ask, fail, running, show, show_one
from deploy.cli.ops import asked, each

app = typer.Typer(no_args_is_help=True)
Service = Annotated[str | None, typer.Option(help="Only this service.")]
COLUMNS = ("service", "id", "status", "type", "message_key", "attempts", "waiting_behind", "reason")


@app.command("list")
def list_(service: Service = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """What could not be handled, oldest first, and how much waits behind it."""
    found = running(data_dir)
    names = asked(dict(found["services"]), service)
    answers = ask(lambda services: each(services, names, "/v1/ops/dead-letters", pages=True), found)
    rows = [{"service": name, **letter} for name, letters in answers.items() for letter in letters]
    show(rows if as_json else [{c: row[c] for c in COLUMNS} for row in rows], as_json, empty="no dead letters")


@app.command("show")
def show_(id: str, service: Service = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """One of them. Its payload is on its topic, under its id."""
    _, letter = find(id, service, data_dir)
    show_one(letter, as_json)


@app.command()
def replay(id: str, service: Service = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Try it again, and then what waits behind it, in order."""
    act("replay", id, service, data_dir, as_json)


@app.command()
def discard(id: str, service: Service = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Give it up for good; what waits behind it goes on."""
    act("discard", id, service, data_dir, as_json)


def find(id: str, service: str | None, data_dir: Any) -> tuple[str, dict[str, Any]]:
    """(service, dead letter); ends the command where no service has it."""
    found = running(data_dir)
    names = asked(dict(found["services"]), service)

    async def look(services: Any) -> list[tuple[str, Any]]:
        return [(name, await services.find(name, f"/v1/ops/dead-letters/{id}")) for name in names]

    holders = [(name, letter) for name, letter in ask(look, found) if letter is not None]
    if not holders:
        fail(f"no service has a dead letter {id}: `caibei dead-letters list` shows them")
    name, letter = holders[0]
    return name, {"service": name, **letter}


def act(verb: str, id: str, service: str | None, data_dir: Any, as_json: bool) -> None:
    name, _ = find(id, service, data_dir)
    path = f"/v1/ops/dead-letters/{id}/{verb}"
    show_one(ask(lambda services: services.post(name, path), running(data_dir)) | {"service": name}, as_json)
