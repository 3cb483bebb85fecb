"""The JSON Schema of every event type, kept in `schemas/`, so that a change of an event is seen and judged.

`python -m shared.events.snapshots write` keeps what is new and compatible, and refuses what breaks a reader;
`check` says what is not kept or breaks. A type that has been announced is never deleted: the topics keep its events.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from shared.events import Event, event_classes
from shared.events.compatibility import Schema, breaks

SCHEMAS = Path(__file__).parent / "schemas"


class WithoutTitles(GenerateJsonSchema):
    """Pydantic's titles repeat each field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema(event: type[Event]) -> Schema:
    """JSON Schema (2020-12) of what a reader takes; `x-key` names the field that is the Kafka key."""
    body = event.model_json_schema(mode="validation", schema_generator=WithoutTitles)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event.__name__,
        "x-type": event.type,
        "x-topic": event.topic(),
        "x-key": event.key_field,
        **{name: value for name, value in body.items() if name != "title"},
    }


def kept(folder: Path = SCHEMAS) -> dict[str, Schema]:
    """The snapshots, by type."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))}


def problems(old: dict[str, Schema], new: dict[str, Schema]) -> list[str]:
    """What breaks a reader between the kept schemas and the classes of this build, a line each."""
    gone = [
        f"{type_}: no class reads it any more, but the topic keeps such events"
        for type_ in sorted(old.keys() - new.keys())
    ]
    return gone + [
        f"{type_}: {why}" for type_ in sorted(old.keys() & new.keys()) for why in breaks(old[type_], new[type_])
    ]


def write(folder: Path = SCHEMAS) -> list[str]:
    """Keep the schemas of this build. Writes nothing and returns the reasons if any of them breaks a reader."""
    new = {event.type: schema(event) for event in event_classes()}
    found = problems(kept(folder), new)
    if not found:
        folder.mkdir(exist_ok=True)
        for type_, content in new.items():
            (folder / f"{type_}.json").write_text(_text(content), "utf-8")
    return found


def check(folder: Path = SCHEMAS) -> list[str]:
    """What keeps this build from being merged: breaks, and snapshots that are not current."""
    old, new = kept(folder), {event.type: schema(event) for event in event_classes()}
    stale = [f"{type_}: its snapshot is not current" for type_ in sorted(new) if old.get(type_) != new[type_]]
    return problems(old, new) + stale


def _text(content: Schema) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    found = {"write": write, "check": check}[sys.argv[1]]()
    sys.exit("\n".join([*found, "A change that breaks readers needs a new version of the type."]) if found else 0)
