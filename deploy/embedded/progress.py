"""What `caibei run` shows while it starts: a line for each thing that is up, a spinner where there is a terminal."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from deploy.embedded.ports import LOOPBACK
from deploy.runtime import Runtime


class Progress:
    """Lines to a terminal, a pipe or a log alike."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._status: Status | None = None

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Spin while the block runs; without a terminal, say it once."""
        if self.console.is_terminal:
            with self.console.status(what) as self._status:
                yield
            self._status = None
        else:
            self.say(what)
            yield

    @contextmanager
    def step(self, name: str, detail: str = "") -> Iterator[None]:
        """One thing being started; its line comes when it is up, with the seconds it took."""
        began = time.monotonic()
        yield
        self.up(name, time.monotonic() - began, detail)

    def up(self, name: str, seconds: float, detail: str = "") -> None:
        """Something is up."""
        took = f"{seconds:.1f} s"
        self._print(f"  [green]✓[/] {name:<24} [dim]{took:>7}[/]  {detail}")

    def say(self, text: str) -> None:
        self._print(f"[dim]{time.strftime('%H:%M:%S')}[/] {escape(text)}")
        if self._status:
            self._status.update(text)

    def trouble(self, text: str) -> None:
        """Something that went wrong, and is being put right or needs a person."""
        self._print(f"[yellow]{time.strftime('%H:%M:%S')}[/] {escape(text)}")

    def ready(self, runtime: Runtime, seconds: float, data_dir: str) -> None:
        """The addresses, the sign-ins, and the word `ready` on a line of its own."""
        rows = [(name, url if name == "console" else f"{url}/docs") for name, url in runtime["services"].items()]
        rows += [("mailbox", runtime["mailbox"]), ("kafka", runtime["kafka"])]
        rows += [("databases", f"on {LOOPBACK}, with their addresses in {data_dir}/runtime.json")]
        rows += [
            (f"API client {name}", f"{found['client_id']} {found['client_secret']}")
            for name, found in runtime["api_clients"].items()
        ]
        rows += [(name, f"{person['email']} {person['password']}") for name, person in runtime["staff"].items()]
        for name, value in rows:
            self._print(escape(f"  {name:<20} {value}"))
        self._print(f"[bold green]ready[/] [dim]in {seconds:.1f} s; Ctrl-C stops everything[/]")

    def _print(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a reader that went away (`| head`) must not end the system
            self.console.print(text)
