"""`caibei keys`: the master keys that wrap every client's key. Never a key itself."""

from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, ask, running, show, show_one

app = typer.Typer(no_args_is_help=True)
PATH = "/v1/master-keys"
Reason = Annotated[str, typer.Option(help="Why; it is audited.")]


@app.command()
def status(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Every master key, newest first, with what is still under it."""
    show(ask(lambda services: services.get("screening", PATH), running(data_dir))["items"], as_json)


@app.command()
def rotate(reason: Reason, data_dir: DataDir = None, as_json: Json = False) -> None:
    """A fresh master key wraps from now on. Clients' keys are moved to it in the background."""
    found = ask(lambda services: services.post("screening", PATH, {"reason": reason}), running(data_dir))
    show(found["items"], as_json)


@app.command()
def rewrap(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Move clients' keys under the newest master key now, to the end. Whoever is interrupted goes on where it was."""

    async def work(services: Any) -> dict[str, int]:
        moved = 0
        while True:
            batch = await services.post("screening", f"{PATH}/rewrap", {"limit": 2000})
            moved += batch["moved"]
            if not as_json and batch["moved"]:
                print(f"{moved} moved, {batch['left']} left")
            if not batch["moved"] or not batch["left"]:
                return {"moved": moved, "left": batch["left"]}

    done = ask(work, running(data_dir))
    show_one(done, as_json)
    raise typer.Exit(int(done["left"] > 0))


@app.command()
def destroy(id: str, reason: Reason, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Destroy an old master key for good. Refused while anything is still wrapped by it."""

    async def work(services: Any) -> None:
        await services.send("DELETE", "screening", f"{PATH}/{id}", params={"reason": reason})

    ask(work, running(data_dir))
    show_one({"id": id, "destroyed": True}, as_json)
