"""Each forbidden change of an event is found, each allowed one is not, on an event made for it."""

import json
import re
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, create_model

from shared.events.compatibility import breaks
from shared.events.snapshots import WithoutTitles


class Refusal(StrEnum):
    SLOT_TAKEN = "slot_taken"
    TIMED_OUT = "timed_out"


class MoreRefusal(StrEnum):
    SLOT_TAKEN = "slot_taken"
    TIMED_OUT = "timed_out"
    TOO_EARLY = "too_early"


class FewerRefusal(StrEnum):
    SLOT_TAKEN = "slot_taken"


class Period(BaseModel):
    starts_at: datetime


class LongerPeriod(BaseModel):
    starts_at: datetime
    ends_at: datetime


BEFORE: dict[str, Any] = {
    "room_id": (UUID, ...),
    "code": (Refusal, ...),
    "result": (Literal["completed", "aborted"], ...),
    "version": (int, ...),
    "previous_room_id": (UUID | None, ...),
    "late": (bool, False),
    "periods": (list[Period], ...),
    "opening_hours": (dict[str, list[str]], ...),
}


def described(fields: dict[str, Any], key: str = "room_id") -> dict[str, Any]:
    # The enums of both sides bear one name, as one enum that was edited does.
    model = create_model("Toy", **fields)
    schema = model.model_json_schema(schema_generator=WithoutTitles)
    text = re.sub("More|Fewer|Longer", "", json.dumps(schema))
    made: dict[str, Any] = json.loads(text)
    return made | {"x-key": key}


def changed(**fields: Any) -> dict[str, Any]:
    return described(BEFORE | fields)


def without(name: str) -> dict[str, Any]:
    return {field: type_ for field, type_ in BEFORE.items() if field != name}


FORBIDDEN = {
    "a field removed": (described(without("version")), "version: removed"),
    "a field with a default removed": (described(without("late")), "late: removed"),
    "a field renamed": (described(without("room_id") | {"room": (UUID, ...)}), "room_id: removed"),
    "a field retyped": (changed(version=(str, ...)), "version: was integer, now string"),
    "a format changed": (changed(room_id=(str, ...)), "room_id: was string:uuid, now string"),
    "a new field without default": (changed(branch_id=(UUID, ...)), "branch_id: new and without a default"),
    "a default taken away": (changed(late=(bool, ...)), "late: lost its default"),
    "an enum narrowed": (changed(code=(FewerRefusal, ...)), "code: no longer takes timed_out"),
    "a literal narrowed": (changed(result=(Literal["completed"], ...)), "result: no longer takes aborted"),
    "a literal widened": (changed(result=(Literal["completed", "aborted", "lost"], ...)), "result: may now be lost"),
    "null forbidden": (changed(previous_room_id=(UUID, ...)), "previous_room_id: was null"),
    "null allowed": (changed(version=(int | None, ...)), "version: may now be null"),
    "a limit added": (changed(version=(int, Field(ge=1))), "version: its limits changed (minimum)"),
    "a nested field added": (changed(periods=(list[LongerPeriod], ...)), "periods[].ends_at: new and without"),
    "a list's items retyped": (changed(periods=(list[int], ...)), "periods[]: was object, now integer"),
    "a map's values retyped": (changed(opening_hours=(dict[str, list[int]], ...)), "opening_hours.*[]: was string"),
    "another key": (described(BEFORE, key="branch_id"), "the key was room_id"),
}

ALLOWED = {
    "nothing": described(BEFORE),
    "a new field with a default": changed(walk_in=(bool, False)),
    "a default given": changed(version=(int, 1)),
    "a code added to an open vocabulary": changed(code=(MoreRefusal, ...)),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_change_that_breaks_a_reader_is_found(name: str) -> None:
    after, why = FORBIDDEN[name]
    assert any(line.startswith(why) for line in breaks(described(BEFORE), after)), breaks(described(BEFORE), after)


@pytest.mark.parametrize("name", ALLOWED)
def test_a_change_that_breaks_no_reader_is_allowed(name: str) -> None:
    assert breaks(described(BEFORE), ALLOWED[name]) == []
