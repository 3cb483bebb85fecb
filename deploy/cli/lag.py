"""`caibei lag`: how far each service's consumer is behind."""

import typer

from deploy.cli.console import DataDir, Json, ask, running, show
from deploy.cli.ops import asked, each

app = typer.Typer()


@app.command()
def lag(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Records behind the end of each topic, and keys that are parked behind a dead letter."""
    found = running(data_dir)
    names = asked(dict(found["services"]))
    answers = ask(lambda services: each(services, names, "/v1/ops/consumers", pages=True), found)
    rows = [
        {
            "service": name,
            "group": consumer["group"],
            "healthy": consumer["healthy"],
            "behind": sum(consumer["lag"].values()),
            "parked_keys": consumer["parked_keys"],
            "topics": consumer["lag"] if as_json else " ".join(f"{t}={n}" for t, n in consumer["lag"].items() if n),
        }
        for name, consumers in answers.items()
        for consumer in consumers
    ]
    show(rows, as_json, empty="no consumer answers in the API processes")
