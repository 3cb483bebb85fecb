"""What is wrong with a row, said so that its author finds the place: file, line, field."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """`field` is dotted (`skills.back-stepping`); empty when the whole row or file is meant."""

    file: str
    line: int
    field: str
    problem: str

    def __str__(self) -> str:
        field = f" {self.field}:" if self.field else ""
        return f"{self.file}:{self.line}:{field} {self.problem}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Faulty(Exception):
    """The files cannot be imported as they are; nothing was."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = sorted(set(faults), key=lambda fault: (fault.file, fault.line, fault.field))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands. `lines` knows the line of each of its fields, where the format tells."""

    file: str
    line: int
    lines: dict[str, int]

    def fault(self, field: str, problem: str) -> Fault:
        """A fault of this row; a part of a field is shown at the nearest line known."""
        known, name = field, field
        while known and known not in self.lines:
            known = known.rpartition(".")[0]
        return Fault(self.file, self.lines.get(known, self.line), name, problem)
