"""How the story is told: acts, lines, and at the right in grey which service said so. Silent when JSON is wanted."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_MARKS = {"done": ("✓", "green"), "no": ("✗", "red"), "look": ("·", "dim"), "wait": ("!", "yellow")}


class Teller:
    """Prints the story, and keeps its facts for `--json`."""

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, quiet=quiet)
        self.facts: dict[str, Any] = {}

    def title(self, text: str, below: str) -> None:
        self.console.print()
        self.console.print(Text(text, style="bold"))
        self.console.print(Text(below, style="dim"))

    def act(self, number: int, name: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{number}  {name}[/]", align="left", style="dim")

    def line(self, text: str, said_by: str = "", mark: str = "done") -> None:
        """One sentence. `said_by` is the service whose answer it tells."""
        sign, style = _MARKS[mark]
        row = Table.grid(expand=True, padding=(0, 1))
        row.add_column(width=1)
        row.add_column(ratio=1)
        row.add_column(justify="right", no_wrap=True)
        row.add_row(Text(sign, style=style), Text.from_markup(text), Text(said_by, style="dim"))
        self.console.print(row)

    def mail(self, mail: dict[str, Any]) -> None:
        """A mail as its reader sees it."""
        head = Text(f"To {', '.join(mail['to'])}\n", style="dim") + Text(f"{mail['subject']}\n\n", style="bold")
        text = str(mail["text"]).replace("\r\n", "\n").strip()
        self.console.print(Panel(head + Text(text), border_style="dim", padding=(0, 2), expand=False))

    def table(self, columns: Iterable[str], rows: Sequence[Iterable[str]], most: int) -> None:
        """At most `most` rows; what is left out is counted."""
        table = Table(*columns, box=None, header_style="dim", padding=(0, 2), pad_edge=True)
        for row in rows[:most]:
            table.add_row(*row)
        self.console.print(table)
        if len(rows) > most:
            self.console.print(Text(f"  … and {len(rows) - most} more (all with --all, or in --json)", style="dim"))

    def fact(self, act: str, **facts: Any) -> None:
        """What a program may want to know of an act."""
        self.facts.setdefault(act, {}).update(facts)

    def as_json(self) -> str:
        return json.dumps(self.facts, indent=2, default=str, ensure_ascii=False)


def counted(number: int, noun: str) -> str:
    """`1 room`, `2 rooms`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
