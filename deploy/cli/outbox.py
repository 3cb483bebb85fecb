"""`caibei outbox`: what waits to be published, by service."""

import typer

from deploy.cli.console import DataDir, Json, ask, running, show
from deploy.cli.ops import asked, each

app = typer.Typer()


@app.command()
def outbox(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Rows not yet acknowledged by Kafka, and how long the oldest has waited."""
    found = running(data_dir)
    names = asked(dict(found["services"]))
    answers = ask(lambda services: each(services, names, "/v1/ops/outbox"), found)
    show([{"service": name, **answer} for name, answer in answers.items()], as_json)
