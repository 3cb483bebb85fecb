"""A chain in memory: its rows by noun, each with its place, and the day from which relative days count."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar, cast

from pydantic import ValidationError

from deploy.cli.chain.faults import Fault, Place
from deploy.cli.chain.kinds import NOUNS
from deploy.cli.chain.nouns import Row
from deploy.cli.chain.reading import Raw

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Line(Generic[R]):
    """A row that has its shape, and where it stands."""

    row: R
    place: Place

    def fault(self, field: str, problem: str) -> Fault:
        return self.place.fault(field, problem)


@dataclass(frozen=True, slots=True)
class Calendar:
    """`anchor` is the day of import (UTC) that relative days count from; `now` is the moment of this run."""

    anchor: date
    now: datetime

    @property
    def is_first(self) -> bool:
        """Whether this is the first day of import: later, what has passed meanwhile is no mistake of the file."""
        return self.now.date() == self.anchor


@dataclass
class Chain:
    """Rows by noun in file order. `named` holds every code or serial written, also of rows whose shape is wrong."""

    lines: dict[str, list[Line[Any]]] = field(default_factory=lambda: {noun: [] for noun in NOUNS})
    named: dict[str, set[str]] = field(default_factory=lambda: {noun: set() for noun in NOUNS})
    _by_natural: dict[str, dict[str, Line[Any]]] = field(default_factory=dict)

    def of(self, kind: type[R]) -> list[Line[R]]:
        return cast("list[Line[R]]", self.lines[kind.noun])

    def by_natural(self, kind: type[R]) -> dict[str, Line[R]]:
        """The rows of a noun by natural code; asked for once the chain is whole."""
        if kind.noun not in self._by_natural:
            self._by_natural[kind.noun] = {line.row.natural: line for line in self.lines[kind.noun]}
        return cast("dict[str, Line[R]]", self._by_natural[kind.noun])

    def __iter__(self) -> Iterator[Line[Any]]:
        return (line for lines in self.lines.values() for line in lines)

    @property
    def counts(self) -> dict[str, int]:
        return {noun: len(lines) for noun, lines in self.lines.items() if lines}


def build(raws: Iterable[Raw]) -> tuple[Chain, list[Fault]]:
    """The chain of all rows that have their shape, and a fault for each field that has not."""
    chain, faults = Chain(), []
    for raw in raws:
        for name in ("code", "serial"):
            if isinstance(written := raw.values.get(name), str):
                chain.named[raw.noun].add(written)
        try:
            chain.lines[raw.noun].append(Line(NOUNS[raw.noun].model_validate(raw.values), raw.place))
        except ValidationError as error:
            faults += [_shape_fault(raw, item) for item in error.errors(include_url=False)]
    return chain, faults


_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is no field of this noun",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "decimal_parsing": "is no number",
    "bool_parsing": "is neither yes nor no",
    "list_type": "is no list",
    "dict_type": "is no mapping of names to values",
    "string_type": "is no text",
}


def said_of(item: Any) -> str:
    """What is wrong, of an error of Pydantic's, in a few words for whoever wrote the file."""
    if item["type"] == "string_pattern_mismatch":
        return f"is not written as it must be ({item['ctx']['pattern']})"
    text = str(item["msg"]).removeprefix("Value error, ")
    return _SAID.get(item["type"]) or text[:1].lower() + text[1:]


def _shape_fault(raw: Raw, item: Any) -> Fault:
    return raw.place.fault(".".join(str(part) for part in item["loc"] if part != "[key]"), said_of(item))
