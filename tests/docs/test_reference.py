"""The generated reference says what the code does, and its own rules find what is missing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.docs import asyncapi, event_pages, http_pages, openapi, rules, settings_page
from deploy.docs.sources import heard, services
from shared.events import TOPICS, event_classes
from shared.kit.body import Body
from shared.kit.service import Service


def references(part: Any) -> Iterator[str]:
    """Every `$ref` of a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def resolved(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_every_event_is_in_the_asyncapi_document_under_its_topic_and_key() -> None:
    document = asyncapi.document()
    for event in event_classes():
        message = resolved(document, document["channels"][event.topic()]["messages"][event.type]["$ref"])
        assert message["bindings"]["kafka"]["key"]["description"] == f"`{event.key_field}`"
        schema = resolved(document, message["payload"]["schema"]["$ref"])
        assert list(schema["properties"]) == list(event.model_fields)
    assert list(document["channels"]) == list(TOPICS)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi.document()
    found = list(references(document))
    assert len(found) > 100
    for reference in found:
        assert resolved(document, reference)


@pytest.mark.parametrize("service", services(), ids=lambda service: service.name)
def test_what_a_service_hears_is_written_down(service: Service) -> None:
    document = asyncapi.document()
    written = {
        message["$ref"].rsplit("/", 1)[1]
        for name, operation in document["operations"].items()
        if name.startswith(f"{service.name}.hears.")
        for message in operation["messages"]
    }
    assert written == {event.type for event in heard(service)}


def test_every_event_page_line_names_who_hears_it() -> None:
    page = event_pages.page(asyncapi.document())
    (requested,) = [line for line in page.splitlines() if "appointment.requested.v1" in line]
    assert "screening, room-equipment" in requested


@pytest.mark.parametrize("name", [service.name for service in services()])
def test_the_openapi_document_of_each_service_keeps_the_rules(name: str) -> None:
    assert rules.problems({name: openapi.documents()[name]}) == []


def test_a_route_says_which_scope_its_token_needs() -> None:
    booking = openapi.documents()["scheduling"]["paths"]["/v1/appointments"]["post"]
    assert booking["x-scopes"] == ["scheduling:write"]
    assert "| `POST /v1/appointments` |" in http_pages.page(openapi.documents())


def broken(**changes: Any) -> dict[str, Any]:
    operation = {
        "tags": ["rooms"],
        "summary": "List rooms",
        "description": "By code.",
        "operationId": "list_rooms",
        "responses": {
            "200": {"description": "Rooms."},
            "default": {"description": "A problem.", "content": {"application/problem+json": {}}},
        },
    } | changes
    kept = {name: value for name, value in operation.items() if value is not None}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/v1/rooms": {"get": kept}}}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"summary": None}, "no summary"),
        ({"description": None}, "no description"),
        ({"tags": []}, "no tag"),
        ({"responses": {"200": {"description": "Rooms."}}}, "no problem answer"),
        ({"operationId": None}, "operationId ''"),
    ],
)
def test_what_a_document_lacks_is_found(changes: dict[str, Any], fault: str) -> None:
    assert rules.problems({"toy": broken()}) == []
    assert any(fault in line for line in rules.problems({"toy": broken(**changes)}))


def test_a_document_that_is_no_openapi_is_found() -> None:
    assert rules.problems({"toy": broken() | {"info": {"title": "t"}}}) == [
        "toy: info: 'version' is a required property"
    ]


def test_settings_are_named_as_the_environment_names_them() -> None:
    page = settings_page.page()
    for variable in (
        "CAIBEI_KAFKA_BOOTSTRAP_SERVERS",
        "CAIBEI_<SERVICE>_DATABASE_URL",
        "CAIBEI_SCHEDULING_GRID_MINUTES",
    ):
        assert f"`{variable}`" in page


def bodies(kind: type[Body] = Body) -> Iterator[type[Body]]:
    """Every body any route takes."""
    for each in kind.__subclasses__():
        yield each
        yield from bodies(each)


def test_every_example_of_a_body_would_be_taken() -> None:
    shown = 0
    for body in bodies():
        extra: Any = body.model_config.get("json_schema_extra") or {}
        for example in extra.get("examples", []):
            body.model_validate_json(json.dumps(example))
            shown += 1
    assert shown >= 15


def test_the_example_of_a_booking_is_in_the_document_that_partners_read() -> None:
    schemas = openapi.documents()["scheduling"]["components"]["schemas"]
    assert schemas["NewAppointment"]["examples"][0]["starts_at"] == "2027-01-15T14:00:00+01:00"
    assert schemas["NewAppointment"]["additionalProperties"] is False
