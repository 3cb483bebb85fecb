"""`caibei status`: what runs, where, and whether it is ready."""

import asyncio
from typing import Any

import typer

from deploy.cli.console import DataDir, Json, running, show
from deploy.embedded.probe import get_json

app = typer.Typer()


@app.command()
def status(data_dir: DataDir = None, as_json: Json = False) -> None:
    """What runs, where, and whether it is ready. Ends with 1 if something is not."""
    found = running(data_dir)
    rows = asyncio.run(rows_of(dict(found["services"]), found["pids"]))
    for server, where in (
        ("kafka", found["kafka"]),
        ("postgres", address(next(iter(found["databases"].values()), ""))),
    ):
        pids = found["pids"].get(server, [])
        rows.append({"name": server, "status": "ok" if pids else "down", "where": where, "pids": pids, "checks": ""})
    show(rows, as_json)
    raise typer.Exit(int(any(row["status"] != "ok" for row in rows)))


async def rows_of(urls: dict[str, str], pids: dict[str, list[int]]) -> list[dict[str, Any]]:
    """One row a service, from its /readyz."""
    answers = await asyncio.gather(*(get_json(f"{url}/readyz") for url in urls.values()))
    return [
        {
            "name": name,
            "status": (body or {}).get("status", "ok") if status else "down",
            "where": url,
            "pids": pids.get(name, []),
            "checks": " ".join(f"{check}={result}" for check, result in ((body or {}).get("checks") or {}).items()),
        }
        for (name, url), (status, body) in zip(urls.items(), answers, strict=True)
    ]


def address(url: str) -> str:
    """host:port of a database address, without its secret."""
    return url.rsplit("@", 1)[-1].split("/", 1)[0]
