"""`caibei erase`: a client's personal data, everywhere. The decision stays; what it was made from goes."""

from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, ask, fail, running, show_one

app = typer.Typer()


@app.command()
def erase(
    client_id: Annotated[str, typer.Argument(help="The client's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Erase a client's personal data everywhere. It cannot be taken back.

    Starts at scheduling (GDPR Art. 17); the other services follow when they hear of it.
    """
    found = running(data_dir)
    if not yes and not typer.confirm(f"Erase the data of client {client_id} for good?"):
        raise typer.Exit(1)

    async def work(services: Any) -> bool:
        if await services.find("scheduling", f"/v1/clients/{client_id}") is None:
            return False
        await services.send("DELETE", "scheduling", f"/v1/clients/{client_id}")
        return True

    if not ask(work, found):
        fail(f"there is no client {client_id}")
    show_one({"client_id": client_id, "erased": True}, as_json)
