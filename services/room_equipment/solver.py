"""The exact solver of displacement: OR-tools CP-SAT, all hard components in one time budget (rules: Displacement).

Deterministic: one worker, a fixed seed, components and objectives in a fixed order. First the most sessions of every
component, then ids, so that a limit costs the order among equals before it costs anybody's room; every component has
at least what `greedy` finds.

Only the solver's own module is loaded: OR-tools' `cp_model` brings pandas, 60 MB and two seconds, for nothing here.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from services.room_equipment.domain.displacement import Component, Interval, Solution, greedy

LIMIT_SECONDS = 0.5
_WEIGHTS_UP_TO = 2**40  # integer objectives well inside the solver's 64 bits
_LEAST_SECONDS = 0.001


class Solver:
    """Solves components within one time budget; the best found so far is used on the limit."""

    def __init__(self, seconds: float = LIMIT_SECONDS) -> None:
        self._seconds = seconds

    def __call__(self, components: Sequence[Component]) -> Solution:
        from ortools.sat.python import cp_model_helper

        deadline = time.monotonic() + self._seconds  # the clock starts after the import
        in_order = sorted(components, key=lambda component: (len(component), component[0].appointment_id))
        searches = [_Search(cp_model_helper, component, deadline) for component in in_order]
        most = [search.keep_most() for search in searches]
        found: dict[UUID, UUID] = {}
        proved = True
        for search, is_most in zip(searches, most, strict=True):
            proved = (is_most and search.order_by_ids()) and proved
            found |= search.found
        return found, proved


class _Search:
    """One component: a boolean for each session and room it could have."""

    def __init__(self, cp: Any, component: Component, deadline: float) -> None:
        self._cp = cp
        self._deadline = deadline
        self._component = component
        self._model = cp.CpModelProto()
        self._takes = {
            take: number
            for number, take in enumerate((o.appointment_id, room) for o in component for room in o.rooms)
        }  # fmt: skip
        for _ in self._takes:
            self._model.variables.add().domain.extend([0, 1])
        for option in component:
            self._at_most_one((option.appointment_id, room) for room in option.rooms)
        for rivals in _rivals(component):
            self._at_most_one(rivals)
        self.found = greedy(component)

    def keep_most(self) -> bool:
        """The most sessions that can keep their time; whether that is proved."""
        everything = range(len(self._takes))
        if not self._improve(everything, [-1] * len(self._takes)):
            return False
        kept = self._model.constraints.add().linear
        kept.vars.extend(everything)
        kept.coeffs.extend([1] * len(self._takes))
        kept.domain.extend([len(self.found)] * 2)
        return True

    def order_by_ids(self) -> bool:
        """Of all that keep as many: a block of sessions at a time, as many as one objective can weigh."""
        for block in _blocks(self._component):
            takes, ranks = self._rank(block)
            if not self._improve(takes, ranks):
                return False
            for option in block:
                for room in option.rooms:
                    domain = self._model.variables[self._takes[option.appointment_id, room]].domain
                    domain.clear()
                    domain.extend([int(self.found.get(option.appointment_id) == room)] * 2)
        return True

    def _at_most_one(self, takes: Iterable[tuple[UUID, UUID]]) -> None:
        self._model.constraints.add().at_most_one.literals.extend([self._takes[take] for take in takes])

    def _improve(self, takes: Iterable[int], weights: list[int]) -> bool:
        """Solve what is left of the question, the less the better; whether the answer is proved."""
        left = self._deadline - time.monotonic()
        if left < _LEAST_SECONDS:
            return False
        model = self._model
        model.objective.vars.clear()
        model.objective.coeffs.clear()
        model.objective.vars.extend(takes)
        model.objective.coeffs.extend(weights)
        model.solution_hint.vars.clear()
        model.solution_hint.values.clear()
        model.solution_hint.vars.extend(self._takes.values())
        model.solution_hint.values.extend([int(self.found.get(who) == room) for who, room in self._takes])
        parameters = self._cp.SatParameters()
        parameters.num_workers = 1
        parameters.random_seed = 1
        parameters.cp_model_presolve = False  # these are small: simplifying them takes longer than solving them
        parameters.max_time_in_seconds = left
        solving = self._cp.SolveWrapper()
        solving.set_parameters(parameters)
        response = solving.solve(model)
        status = self._cp.CpSolverStatus
        if response.status not in (status.OPTIMAL, status.FEASIBLE):
            return False
        values = list(response.solution)
        better = {who: room for (who, room), number in self._takes.items() if values[number]}
        if len(better) >= len(self.found):  # never less than was there, whatever the limit cut off
            self.found = better
        return bool(response.status == status.OPTIMAL)

    def _rank(self, block: Component) -> tuple[list[int], list[int]]:
        """Smaller is better: the place of the room in the order of ids, and behind all of them no room at all."""
        takes, ranks, weight = [], [], 1
        for option in reversed(block):
            worst = len(option.rooms)
            for place, room in enumerate(option.rooms):
                takes.append(self._takes[option.appointment_id, room])
                ranks.append(-weight * (worst - place))
            weight *= worst + 1
        return takes, ranks


def _blocks(component: Component) -> Iterable[Component]:
    start, weight = 0, 1
    for i, option in enumerate(component):
        weight *= len(option.rooms) + 1
        if weight > _WEIGHTS_UP_TO:
            yield component[start:i]
            start, weight = i, len(option.rooms) + 1
    yield component[start:]


def _rivals(component: Component) -> Iterable[list[tuple[UUID, UUID]]]:
    """For each room and each start in it: all sessions that would be in it then. At most one of them may."""
    wanting: dict[UUID, list[tuple[Interval, UUID]]] = {}
    for option in component:
        for room, interval in option.rooms.items():
            wanting.setdefault(room, []).append((interval, option.appointment_id))
    for room, wants in wanting.items():
        for start in sorted({start for (start, _), _ in wants}):
            together = [(id, room) for (begin, end), id in wants if begin <= start < end]
            if len(together) > 1:
                yield together
