"""Checklists as versioned data: which list an inspection answers, and whether it answers it (domain: checklist seed).

A version is never edited. A branch's own list wins over the chain's, and that over the one shipped with this build.
What an inspection answered is copied into it, text and all, so that no later version touches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.errors import Invalid

Kind = Literal["installation", "periodic", "pre_use", "after_event"]
KINDS: tuple[Kind, ...] = ("installation", "periodic", "pre_use", "after_event")
Source = Literal["default", "chain", "branch"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at. `load_test`: its pass says that the load test's kilograms were held."""

    id: str
    text: str
    required: bool = True
    load_test: bool = False


@dataclass(frozen=True, slots=True)
class Checklist:
    """`superseded_at`: when a later version of the same source took its place."""

    kind: Kind
    version: int
    source: Source
    title: str
    items: tuple[Item, ...]
    branch_id: UUID | None = None
    published_at: datetime | None = None
    superseded_at: datetime | None = None


def check_items(items: Sequence[Item]) -> None:
    """
    Raises:
        Invalid: two items of one id, or more than one load test.
    """
    seen: set[str] = set()
    for index, item in enumerate(items):
        if item.id.casefold() in seen:
            raise Invalid("duplicate_item", "Another item has this id.", pointer=f"/items/{index}/id")
        seen.add(item.id.casefold())
    tests = [index for index, item in enumerate(items) if item.load_test]
    if len(tests) > 1:
        raise Invalid("two_load_tests", "One item is the load test.", pointer=f"/items/{tests[1]}/load_test")


def answered(
    checklist: Checklist, answers: Sequence[Mapping[str, Any]], *, performed_at: datetime,
    load_test_kg: Decimal | None, rated_load_kg: Decimal,
) -> list[dict[str, Any]]:  # fmt: skip
    """The answers with the items they answer copied in, in the list's order, then what was found beyond it.

    An answer names an item by its id or its whole text.

    Raises:
        Invalid: a required item without an answer, one answered twice, a load test that its kilograms do not bear out.
    """
    if checklist.superseded_at is not None and checklist.superseded_at <= performed_at:
        raise Invalid(
            "checklist_superseded",
            "A later version was in force when the inspection was performed. Answer that one.",
            pointer="/checklist_template/version",
        )
    by_name = {name.casefold(): item for item in checklist.items for name in (item.text, item.id)}
    given: dict[str, Mapping[str, Any]] = {}
    beyond = []
    for index, answer in enumerate(answers):
        item = by_name.get(str(answer["item"]).casefold())
        if item is None:
            beyond.append(dict(answer))
        elif item.id in given:
            raise Invalid("item_answered_twice", "This item is answered above.", pointer=f"/checklist/{index}/item")
        else:
            given[item.id] = answer
    missing = [item for item in checklist.items if item.required and item.id not in given]
    if missing:
        raise Invalid(
            "checklist_item_missing",
            f"Not answered: {missing[0].text}. Every required item of the checklist needs an answer.",
            pointer="/checklist",
            missing=[item.id for item in missing],
        )
    _check_load_test(checklist, given, load_test_kg, rated_load_kg)
    return [
        {**given[item.id], "item": item.id, "text": item.text, "required": item.required}
        for item in checklist.items
        if item.id in given
    ] + beyond


def _check_load_test(
    checklist: Checklist, given: Mapping[str, Mapping[str, Any]], load_test_kg: Decimal | None, rated_load_kg: Decimal
) -> None:
    test = next((item for item in checklist.items if item.load_test), None)
    if test is None:
        return
    result = given[test.id]["result"] if test.id in given else None
    if result is None and load_test_kg is not None:
        raise Invalid(
            "load_test_unanswered",
            f"A load test of {load_test_kg} kg is given, and its item is not answered: {test.text}.",
            pointer="/checklist",
            missing=[test.id],
        )
    if result == "pass" and (load_test_kg is None or load_test_kg < rated_load_kg):
        raise Invalid(
            "load_test_required",
            "The load test's item passed, so say with how many kilograms: at least the rated load.",
            pointer="/load_test_kg",
        )
