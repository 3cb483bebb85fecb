"""The kept schemas are those of the classes, and an event written as one of them says is still read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.events import Event, event_class, event_classes, scheduling
from shared.events.snapshots import check, kept, problems, schema, write

EXAMPLES = {
    "uuid": "01995a3e-7c00-7000-8000-000000000001",
    "date-time": "2026-03-29T01:30:00Z",
    "date": "2026-03-29",
}


def test_every_event_has_a_current_snapshot_and_none_breaks_a_reader() -> None:
    assert check() == []


@pytest.mark.parametrize("event", list(event_classes()), ids=lambda event: event.type)
def test_an_event_of_yesterday_is_read_today(event: type[Event]) -> None:
    snapshot = kept()[event.type]
    for needed_only in (True, False):
        written = example(snapshot, snapshot, needed_only)
        read = event.model_validate_json(json.dumps(written))
        assert set(written) <= set(read.model_dump(mode="json"))
        assert str(read.key) == written[event.key_field]


@pytest.mark.parametrize("event", list(event_classes()), ids=lambda event: event.type)
def test_a_field_an_older_reader_needs_cannot_be_left_out(event: type[Event]) -> None:
    snapshot = kept()[event.type]
    whole = example(snapshot, snapshot, needed_only=True)
    for name in snapshot["required"]:
        with pytest.raises(ValidationError):
            event.model_validate({field: value for field, value in whole.items() if field != name})


@pytest.mark.parametrize("event", list(event_classes()), ids=lambda event: event.type)
def test_a_type_names_its_service_subject_fact_and_version(event: type[Event]) -> None:
    caibei, _, subject, fact, version = event.type.split(".")
    assert (caibei, version) == ("caibei", "v1")
    assert subject
    assert fact
    assert event_class(event.type) is event
    assert event.key_field in event.model_fields


def test_everything_about_an_appointment_has_its_key() -> None:
    for event in event_classes():
        if event.type.split(".")[2] in ("appointment", "session") or "assignment_version" in event.model_fields:
            assert event.key_field == "appointment_id", event.type


def test_writing_refuses_what_breaks_a_reader_and_leaves_the_snapshots_alone(tmp_path: Path) -> None:
    assert write(tmp_path) == []
    file = tmp_path / f"{scheduling.AppointmentRejected.type}.json"
    edited = json.loads(file.read_text())
    edited["properties"]["fee"] = {"type": "integer"}
    edited["required"].append("fee")
    file.write_text(json.dumps(edited))
    assert write(tmp_path) == [f"{scheduling.AppointmentRejected.type}: fee: removed, an old reader needs it"]
    assert json.loads(file.read_text()) == edited


def test_a_type_that_was_announced_cannot_be_deleted() -> None:
    old = {"caibei.scheduling.appointment.forgotten.v1": schema(scheduling.AppointmentRejected)}
    (line,) = problems(old, {})
    assert "no class reads it any more" in line


def test_a_snapshot_that_is_not_current_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / f"{scheduling.BranchChanged.type}.json").unlink()
    assert check(tmp_path) == [f"{scheduling.BranchChanged.type}: its snapshot is not current"]


def example(part: dict[str, Any], root: dict[str, Any], needed_only: bool) -> Any:
    """Something the schema allows, with the required fields only or with all."""
    return next(_examples(part, root, needed_only))


def _examples(part: dict[str, Any], root: dict[str, Any], needed_only: bool) -> Iterator[Any]:
    if "$ref" in part:
        yield from _examples(root["$defs"][part["$ref"].rsplit("/", 1)[1]], root, needed_only)
    elif "anyOf" in part:
        yield from _examples(part["anyOf"][-1 if needed_only else 0], root, needed_only)
    elif "enum" in part or "const" in part:
        yield part.get("enum", [part.get("const")])[0]
    elif part["type"] == "object":
        names = part.get("required", ()) if needed_only else part.get("properties", ())
        made = {name: example(part["properties"][name], root, needed_only) for name in names}
        if isinstance(part.get("additionalProperties"), dict):
            made["mon"] = example(part["additionalProperties"], root, needed_only)
        yield made
    elif part["type"] == "array":
        items = part.get("prefixItems") or [part["items"]]
        yield [example(item, root, needed_only) for item in items]
    elif part["type"] == "string":
        yield EXAMPLES.get(part.get("format", ""), "a-word")
    else:
        yield {"integer": 1, "boolean": True, "null": None}[part["type"]]
