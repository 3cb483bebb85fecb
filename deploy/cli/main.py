"""`caibei`: the table of its commands. A command's module is imported when it is called, so that `--help` is fast."""

import importlib
from typing import Any

import typer
from typer import core, main

# name: (module with a Typer app called `app`, the line shown in --help)
COMMANDS = {
    "run": ("deploy.cli.run", "Start everything on this machine, and keep it running until Ctrl-C."),
    "status": ("deploy.cli.status", "What runs, where, and whether it is ready."),
    "doctor": (
        "deploy.cli.doctor",
        "Check this machine and the running system, and say what to do about each problem.",
    ),
    "demo": ("deploy.cli.demo", "Tell the story of a day at the chain, against the running system."),
    "import": ("deploy.cli.import_", "Load a chain from a YAML file or a folder of CSV."),
    "erase": ("deploy.cli.erase", "Erase a client's personal data everywhere."),
    "erasures": (
        "deploy.cli.erasures",
        "The proof of erasures, and doing them again after a restore: list, show, reapply.",
    ),
    "export": ("deploy.cli.export", "Everything kept of a client, in one file for that person."),
    "retention": ("deploy.cli.retention", "How long answers are kept: status, set."),
    "keys": ("deploy.cli.keys", "Master keys of screening: status, rotate, rewrap, destroy."),
    "migrate": ("deploy.cli.migrate", "Bring every database to this release's schema."),
    "topics": ("deploy.cli.topics", "List Kafka's topics, or create the missing ones."),
    "token": ("deploy.cli.token", "Print an access token."),
    "clients": ("deploy.cli.clients", "API clients: add, list, rotate, revoke."),
    "outbox": ("deploy.cli.outbox", "What waits to be published, by service."),
    "lag": ("deploy.cli.lag", "How far each service's consumer is behind."),
    "timezones": ("deploy.cli.timezones", "Zone data that times to come were derived from: show, rederive."),
    "verify-records": ("deploy.cli.verify_records", "Whether the safety record is as it was written."),
    "dead-letters": ("deploy.cli.dead_letters", "Messages that could not be handled: list, show, replay, discard."),
}


def load(name: str) -> Any:
    """The command itself, its module imported now."""
    module, help_line = COMMANDS[name]
    command = main.get_command(importlib.import_module(module).app)
    command.name = name
    command.help = command.help or help_line
    return command


class LazyGroup(core.TyperGroup):
    """Lists every command from the table, and imports only the one that is called."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands = {name: core.TyperCommand(name=name, help=line) for name, (_, line) in COMMANDS.items()}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(str(name)), rest


app = typer.Typer(
    name="caibei",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they hold secrets
    help="Operations for spa chains: no back-stepping session without inspected bars.",
)


@app.callback()
def caibei() -> None:
    """Operations for spa chains: no back-stepping session without inspected bars."""


if __name__ == "__main__":
    app()
