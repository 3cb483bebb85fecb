"""`events.md`: every event on one page, from the AsyncAPI document."""

from typing import Any

from deploy.docs.text import GENERATED, first_sentence, table

_HEAD = ("Event", "Key", "Carries", "Heard by")


def page(document: dict[str, Any]) -> str:
    """A table for each topic; fields in italics may be absent in older events."""
    lines = [
        "# Events",
        "",
        GENERATED,
        "",
        "CloudEvents 1.0 in Kafka's binary mode. The full schemas: [asyncapi.json](asyncapi.json), and one file a type",
        "in [shared/events/schemas](../../shared/events/schemas). How to add one:",
        "the [README](../../README.md#add-an-event).",
        "Fields in *italics* have a default, because older events may lack them.",
    ]
    heard = _heard(document)
    for topic, channel in document["channels"].items():
        lines += ["", f"## {topic}", ""]
        lines += table(_HEAD, [_row(document, type_, heard.get(type_, [])) for type_ in channel["messages"]])
    return "\n".join(lines) + "\n"


def _row(document: dict[str, Any], type_: str, heard: list[str]) -> list[str]:
    message = document["components"]["messages"][type_]
    schema = document["components"]["schemas"][message["title"]]
    needed = schema.get("required", ())
    fields = ", ".join(name if name in needed else f"*{name}*" for name in schema["properties"])
    why = first_sentence(message["summary"])
    name = f"`{type_}`" + (f"<br>{why}" if why else "")
    return [name, message["bindings"]["kafka"]["key"]["description"], fields, ", ".join(heard) or "—"]


def _heard(document: dict[str, Any]) -> dict[str, list[str]]:
    """Who hears a type, by the document's `receive` operations."""
    found: dict[str, list[str]] = {}
    for name, operation in document["operations"].items():
        if operation["action"] == "receive":
            for message in operation["messages"]:
                found.setdefault(message["$ref"].rsplit("/", 1)[1], []).append(name.split(".hears.")[0])
    return found
