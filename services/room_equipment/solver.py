"""The exact solver of displacement: OR-tools CP-SAT, one component at a time (rules: Displacement).

Deterministic: one worker, a fixed seed, objectives in a fixed order. The import costs about 100 MB and a second, so it
happens only when more sessions compete than domain.displacement.search looks through. One failed bar never causes that.
"""

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.room_equipment.domain.displacement import Component, Interval, Solution

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT_SECONDS = 0.5
_WEIGHTS_UP_TO = 2**40  # integer objectives well inside the solver's 64 bits


class Solver:
    """Solves components one after the other within one time budget; the best found so far is used on the limit."""

    def __init__(self, seconds: float = LIMIT_SECONDS) -> None:
        self._seconds = seconds
        self._deadline: float | None = None

    def __call__(self, component: Component) -> Solution:
        from ortools.sat.python import cp_model

        if self._deadline is None:  # the clock starts after the import
            self._deadline = time.monotonic() + self._seconds
        return _Search(cp_model, component, self._deadline).best()


class _Search:
    def __init__(self, cp_model: Any, component: Component, deadline: float) -> None:
        self._cp = cp_model
        self._deadline = deadline
        self._component = component
        self._model = cp_model.CpModel()
        self._takes = {
            (option.appointment_id, room): self._model.NewBoolVar("") for option in component for room in option.rooms
        }
        for option in component:
            self._model.AddAtMostOne(self._takes[option.appointment_id, room] for room in option.rooms)
        for rivals in _rivals(component):
            self._model.AddAtMostOne(self._takes[rival] for rival in rivals)
        self._found: dict[UUID, UUID] = {}

    def best(self) -> Solution:
        """First the number kept, then ids: a block of sessions at a time, as many as one objective can weigh."""
        kept = sum(self._takes.values())
        self._model.Maximize(kept)
        if not self._improve():
            return self._found, False
        self._model.Add(kept == len(self._found))
        for block in _blocks(self._component):
            self._model.Minimize(self._rank(block))
            if not self._improve():
                return self._found, False
            for option in block:
                room = self._found.get(option.appointment_id)
                for other in option.rooms:
                    self._model.Add(self._takes[option.appointment_id, other] == int(other == room))
        return self._found, True

    def _improve(self) -> bool:
        """Solve what is left of the question; whether the answer is proved."""
        solver = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_time_in_seconds = max(0.001, self._deadline - time.monotonic())
        self._model.ClearHints()
        for (appointment, room), takes in self._takes.items():
            self._model.AddHint(takes, int(self._found.get(appointment) == room))
        status = solver.Solve(self._model)
        if status not in (self._cp.OPTIMAL, self._cp.FEASIBLE):
            return False
        self._found = {appointment: room for (appointment, room), takes in self._takes.items() if solver.Value(takes)}
        return bool(status == self._cp.OPTIMAL)

    def _rank(self, block: Component) -> Any:
        """Smaller is better: the place of the room in the order of ids, and behind all of them no room at all."""
        rank, weight = 0, 1
        for option in reversed(block):
            worst = len(option.rooms)
            gains = sum((worst - i) * self._takes[option.appointment_id, room] for i, room in enumerate(option.rooms))
            rank += weight * (worst - gains)
            weight *= worst + 1
        return rank


def _blocks(component: Component) -> "Iterable[Component]":
    start, weight = 0, 1
    for i, option in enumerate(component):
        weight *= len(option.rooms) + 1
        if weight > _WEIGHTS_UP_TO:
            yield component[start:i]
            start, weight = i, len(option.rooms) + 1
    yield component[start:]


def _rivals(component: Component) -> "Iterable[list[tuple[UUID, UUID]]]":
    """For each room and each start in it: all sessions that would be in it then. At most one of them may."""
    wanting: dict[UUID, list[tuple[Interval, UUID]]] = {}
    for option in component:
        for room, interval in option.rooms.items():
            wanting.setdefault(room, []).append((interval, option.appointment_id))
    for room, wants in wanting.items():
        for (start, _), _ in wants:
            together = [(id, room) for (begin, end), id in wants if begin <= start < end]
            if len(together) > 1:
                yield together
