"""`caibei erasures`: the proof of each, and doing them again after a service was restored from a backup."""

import asyncio
from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, ask, fail, running, show
from deploy.cli.erase import UNCONFIRMED, print_proof, proof

app = typer.Typer(no_args_is_help=True)
REMEMBERING = ("scheduling", "screening", "notification")


@app.command("list")
def list_(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Who was erased, and whether every service has confirmed. Ids and times only."""
    rows = ask(lambda services: services.all("scheduling", "/v1/erasures"), running(data_dir))
    show(rows if as_json else [_line(row) for row in rows], as_json, empty="nobody was erased")


@app.command("show")
def show_(client_id: str, data_dir: DataDir = None, as_json: Json = False) -> None:
    """One of them. Ends with 2 if a service has not confirmed."""
    found = ask(lambda services: services.find("scheduling", f"/v1/erasures/{client_id}"), running(data_dir))
    if found is None:
        fail(f"no client {client_id} was erased")
    print_proof(found, as_json)
    raise typer.Exit(0 if found["complete"] else UNCONFIRMED)


@app.command()
def reapply(
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without, only say what would be done.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for each confirmation.")] = 30,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """After a restore: erase again whom a restored database has forgotten to have erased.

    Every erasure that any service remembers is compared with the others. Ends with 1 if something is to be done.
    """
    rows = ask(lambda services: _reapply(services, apply, wait), running(data_dir))
    show(rows, as_json, empty="every service remembers every erasure")
    raise typer.Exit(int(any(not row["done"] for row in rows)))


async def _reapply(services: Any, apply: bool, wait: float) -> list[dict[str, Any]]:
    lists = await asyncio.gather(*(services.all(name, "/v1/erasures") for name in REMEMBERING))
    known = {
        name: {row["client_id"]: row.get("complete", True) for row in rows}
        for name, rows in zip(REMEMBERING, lists, strict=True)
    }
    found = []
    for client_id in sorted(set().union(*known.values())):
        forgot = [name for name in REMEMBERING if not known[name].get(client_id)]
        if forgot:
            done = apply and await _again(services, client_id, "scheduling" in forgot, wait)
            found.append({"client_id": client_id, "forgotten_by": forgot, "done": done})
    return found


async def _again(services: Any, client_id: str, alive: bool, wait: float) -> bool:
    """Erase who came back to life in scheduling; else announce it once more. True once every service confirmed."""
    if alive and await services.find("scheduling", f"/v1/clients/{client_id}") is not None:
        await services.send("DELETE", "scheduling", f"/v1/clients/{client_id}")
    elif await services.find("scheduling", f"/v1/erasures/{client_id}") is not None:
        await services.post("scheduling", f"/v1/erasures/{client_id}/announce")
    else:
        return True  # scheduling knows nothing of them at all: there is nobody to erase there
    return bool((await proof(services, client_id, wait))["complete"])


def _line(row: dict[str, Any]) -> dict[str, Any]:
    waiting = [each["service"] for each in row["services"] if each["confirmed_at"] is None]
    return {"client_id": row["client_id"], "erased_at": row["erased_at"], "not_confirmed_by": waiting}
