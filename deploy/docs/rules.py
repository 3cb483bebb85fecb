"""What a service's OpenAPI document must have beyond being valid."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

_METHODS = ("get", "put", "post", "patch", "delete")


def problems(documents: dict[str, dict[str, Any]]) -> list[str]:
    """Every fault of every document, `service: METHOD path: what`."""
    return [f"{name}: {fault}" for name, document in documents.items() for fault in _faults(document)]


def _faults(document: dict[str, Any]) -> Iterator[str]:
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
    ids: Counter[str] = Counter()
    for path, item in document["paths"].items():
        for method in item.keys() & set(_METHODS):
            ids[item[method].get("operationId", "")] += 1
            for fault in _operation(method, item[method]):
                yield f"{method.upper()} {path}: {fault}"
    yield from (f"operationId {id!r} is there {times} times" for id, times in ids.items() if times > 1 or not id)


def _operation(method: str, operation: dict[str, Any]) -> Iterator[str]:
    if not operation.get("summary"):
        yield "no summary"
    if not operation.get("description"):
        yield "no description: give the route function a docstring"
    if not operation.get("tags"):
        yield "no tag"
    problem = operation["responses"].get("default", {}).get("content", {})
    if "application/problem+json" not in problem:
        yield "no problem answer"
    if not any(status.startswith(("2", "3")) for status in operation["responses"]):
        yield "no answer for when it goes well"
    if method == "get" and "requestBody" in operation:
        yield "a GET with a body"
