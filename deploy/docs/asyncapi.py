"""The AsyncAPI 3.0 document of all topics: who announces what, under which key, and who hears it."""

from typing import Any

from pydantic.json_schema import models_json_schema

from deploy.docs.sources import heard, services
from shared.events import PARTITIONS, TOPICS, Event, event_classes
from shared.events.snapshots import WithoutTitles
from shared.kit.service import VERSION

_FORMAT = "application/schema+json;version=draft-2020-12"
_HEADERS = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "Of the event; a repeat has the same one."},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string", "examples": ["/caibei/scheduling"]},
        "ce_subject": {"type": "string", "format": "uuid", "description": "The same as the record's key."},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it was written to the outbox."},
        "content-type": {"const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C trace context of the request or event that led here."},
    },
}


def document() -> dict[str, Any]:
    """One channel a topic, one message a type, one operation for each service that announces or hears on a topic."""
    classes = list(event_classes())
    _, schemas = models_json_schema(
        [(event, "validation") for event in classes],
        ref_template="#/components/schemas/{model}",
        schema_generator=WithoutTitles,
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Caibei events",
            "version": VERSION,
            "description": "CloudEvents 1.0 in Kafka binary mode, JSON data. Events carry ids and decisions: "
            "no name, address, number, health answer or mass. Topics keep everything.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, classes) for topic in TOPICS},
        "operations": _operations(classes),
        "components": {
            "messages": {event.type: _message(event) for event in classes},
            "messageTraits": {"cloudEvent": {"headers": _HEADERS}},
            "schemas": schemas["$defs"],
        },
    }


def _channel(topic: str, classes: list[type[Event]]) -> dict[str, Any]:
    return {
        "address": topic,
        "messages": {
            event.type: {"$ref": f"#/components/messages/{event.type}"} for event in classes if event.topic() == topic
        },
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": PARTITIONS,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": event.__doc__ if "__doc__" in event.__dict__ and event.__doc__ else "",
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"schemaFormat": _FORMAT, "schema": {"$ref": f"#/components/schemas/{event.__name__}"}},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": f"`{event.key_field}`"},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations(classes: list[type[Event]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for topic in TOPICS:
        announced = [event for event in classes if event.topic() == topic]
        made[f"{topic.removeprefix('caibei.')}.announces"] = _operation("send", topic, announced)
    for service in services():
        for topic in TOPICS:
            listened = [event for event in classes if event.topic() == topic and event in heard(service)]
            if listened:
                name = f"{service.name}.hears.{topic.removeprefix('caibei.')}"
                made[name] = _operation("receive", topic, listened, f"caibei.{service.name}")
    return made


def _operation(action: str, topic: str, events: list[type[Event]], group: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "messages": [{"$ref": f"#/channels/{topic}/messages/{event.type}"} for event in events],
    }
    if group:
        made["bindings"] = {"kafka": {"groupId": {"type": "string", "enum": [group]}, "bindingVersion": "0.5.0"}}
    return made
