"""`caibei erase`: a client's personal data, everywhere. The decision stays; what it was made from goes."""

import asyncio
import time
from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, ask, fail, running, show, show_one

app = typer.Typer()
UNCONFIRMED = 2


@app.command()
def erase(
    client_id: Annotated[str, typer.Argument(help="The client's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for every service to confirm.")] = 30,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Erase a client's personal data everywhere, and wait until every service has confirmed. It cannot be taken back.

    Starts at scheduling (GDPR Art. 17); the other services follow when they hear of it. Ends with 2 if one of them has
    not confirmed in time: the erasure goes on, `caibei erasures show CLIENT_ID` tells how far.
    """
    found = running(data_dir)
    if not yes and not typer.confirm(f"Erase the data of client {client_id} for good?"):
        raise typer.Exit(1)

    async def work(services: Any) -> Any:
        path = f"/v1/clients/{client_id}"
        if await services.find("scheduling", path) is not None:
            await services.send("DELETE", "scheduling", path)
        elif await services.find("scheduling", f"/v1/erasures/{client_id}") is None:
            return None
        return await proof(services, client_id, wait)

    erasure = ask(work, found)
    if erasure is None:
        fail(f"there is no client {client_id}")
    print_proof(erasure, as_json)
    raise typer.Exit(0 if erasure["complete"] else UNCONFIRMED)


async def proof(services: Any, client_id: str, wait: float) -> Any:
    """The erasure as scheduling knows it, once it is complete or `wait` seconds are over."""
    end, pause = time.monotonic() + wait, 0.05
    while True:
        erasure = await services.get("scheduling", f"/v1/erasures/{client_id}")
        if erasure["complete"] or time.monotonic() > end:
            return erasure
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


def print_proof(erasure: dict[str, Any], as_json: bool) -> None:
    """Which service confirmed, and when."""
    if as_json:
        show_one(erasure, True)
        return
    print(
        f"client {erasure['client_id']}: {'erased everywhere' if erasure['complete'] else 'not confirmed everywhere'}"
    )
    show(erasure["services"], False)
