"""No event can carry a name, an address, a number, a health answer or a mass: every field is on this list."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.events import Event, event_classes, scheduling
from shared.events.base import Word
from shared.events.snapshots import schema

# What any field may be, whatever its name: an id, an instant, yes or no, one of fixed words, a code of the software.
HARMLESS = {"string:uuid", "string:date-time", "boolean", "enum", "null", "word"}

WORD = TypeAdapter(Word).json_schema()["pattern"]

# Numbers that may leave. There is no other: no mass, load, age, price or count of anything about a person.
NUMBERS = {"version", "attempt", "assignment_version", "duration_minutes", "turnover_minutes", "days_left"}
NUMBERS |= {"sessions", "shifts", "closures", "holds", "moved", "conflicts"}  # how many there are

# Days. `deferred_until` is not one of them: how long a client is deferred tells what was declared.
DAYS = {"valid_until"}

# Texts that may leave, with why each is no text about a person.
TEXTS = {
    "code": "the natural code of a branch, room or treatment",
    "timezone": "an IANA zone",
    "opening_hours.*[][]": "wall times of a branch",
    "skill": "the code of a technique, as a treatment requires it",
    "screening_protocol": "the name of a protocol, as a treatment requires it",
    "protocol": "the name of a protocol",
}

# Events of these subjects are about a person: there, no text at all but those named.
ABOUT_PEOPLE: dict[str, set[str]] = {
    "client": set(),
    "therapist": set(),
    "load-profile": set(),
    "standing": {"protocol"},
    "answers": set(),
}


def leaves(part: dict[str, Any], root: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """(path, kind) of every value an event can hold."""
    if "$ref" in part:
        yield from leaves(root["$defs"][part["$ref"].rsplit("/", 1)[1]], root, path)
    elif "anyOf" in part:
        for each in part["anyOf"]:
            yield from leaves(each, root, path)
    elif "enum" in part or "const" in part:
        yield path, "enum"
    elif part.get("type") == "object":
        assert part.get("additionalProperties") is not True, f"{path} takes anything"
        for name, each in part.get("properties", {}).items():
            yield from leaves(each, root, f"{path}.{name}".lstrip("."))
        if isinstance(part.get("additionalProperties"), dict):
            yield from leaves(part["additionalProperties"], root, f"{path}.*")
    elif part.get("type") == "array":
        for each in part.get("prefixItems") or [part["items"]]:
            yield from leaves(each, root, f"{path}[]")
    else:
        kind = part.get("type", "anything")
        if kind == "string" and part.get("pattern") == WORD:
            kind = "word"
        yield path, f"{kind}:{part['format']}" if "format" in part else kind


def forbidden(schema: dict[str, Any], type_: str) -> list[str]:
    """The fields of an event that could carry personal data."""
    found = []
    subject = type_.split(".")[2]
    for path, kind in leaves(schema, schema):
        name = path.rsplit(".", 1)[-1] if "*" not in path else path
        allowed = (
            kind in HARMLESS
            or (kind == "integer" and name in NUMBERS)
            or (kind == "string:date" and name in DAYS)
            or (kind == "string" and name in TEXTS and name in ABOUT_PEOPLE.get(subject, TEXTS))
        )
        if not allowed:
            found.append(f"{path}: {kind}")
    return found


@pytest.mark.parametrize("event", list(event_classes()), ids=lambda event: event.type)
def test_an_event_carries_ids_and_decisions_only(event: type[Event]) -> None:
    assert forbidden(schema(event), event.type) == []


@pytest.mark.parametrize("event", list(event_classes()), ids=lambda event: event.type)
def test_an_event_has_no_field_named_after_personal_data(event: type[Event]) -> None:
    words = re.compile(
        r"(^|_)(name|email|mail|phone|address|birth|age|sex|gender|mass|weight|load|kg|height|note|notes|text|answer"
        r"|answers|condition|diagnosis|limits|deferred|signature|price|ip)(_|$)"
    )
    assert [path for path, _ in leaves(schema(event), schema(event)) if words.search(path.rsplit(".", 1)[-1])] == []


@pytest.mark.parametrize(
    ("field", "type_"),
    [
        ("mass_kg", {"type": "number"}),
        ("age", {"type": "integer"}),
        ("email", {"type": "string"}),
        ("notes", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ("deferred_until", {"type": "string", "format": "date"}),
        ("contact", {"type": "object", "properties": {"phone": {"type": "string"}}}),
        ("names", {"type": "array", "items": {"type": "string"}}),
        ("reason", {"type": "string"}),
    ],
)
def test_a_field_that_could_carry_personal_data_is_found(field: str, type_: dict[str, Any]) -> None:
    event = schema(scheduling.ClientChanged)
    event["properties"] = event["properties"] | {field: type_}
    assert len(forbidden(event, scheduling.ClientChanged.type)) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "Mrs Chen slipped",
        "ada@example.com",
        "+49 30 123",
        "Ada",
        "",
        "踩背",
        "550 <ada@example.com>: no such user",
        "a" * 65,
    ],
)
def test_what_a_person_typed_is_no_word(typed: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Word).validate_python(typed)
