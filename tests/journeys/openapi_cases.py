"""Requests made from a service's own OpenAPI document: every route, every field, wrong in every way we know."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Json = dict[str, Any]
HUGE = 20_000
UNKNOWN = "01900000-0000-7000-8000-00000000dead"
BODIES: dict[str, bytes] = {
    "cut off": b'{"a": ',
    "not json": b"<a>b</a>",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "nothing": b"",
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "a key twice": b'{"name": "a", "name": "b"}',
    "NaN": b'{"duration_minutes": NaN}',
    "too large a number": b'{"duration_minutes": 1e999}',
    "digits without end": b'{"duration_minutes": ' + b"9" * 5_000 + b"}",
    "nested too deep": b'{"a": ' * 60 + b"1" + b"}" * 60,
    "nested without end": b"[" * 60_000,
    "a NUL": b'{"name": "a\\u0000b"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "an unknown field": b'{"zz_unknown": 1}',
}
OVERSIZED = b'{"name": "' + b"x" * 300_000 + b'"}'
TEXT: tuple[Any, ...] = ("a\0b", "\ud800", "x" * HUGE, 7, None, True, [], {})
WRONG: dict[str, tuple[Any, ...]] = {
    "uuid": ("not-an-id", "", "01900000", 7, None, [UNKNOWN], "\0", UNKNOWN + "0"),
    "date-time": (
        "2030-01-15T10:00:00", "2030-02-30T10:00:00Z", "2030-01-15", "2030-01-15T25:00:00Z", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59+14:00", "99999-01-01T00:00:00Z", "now", "", 10**18, 1e308, None, "\0",
    ),
    "date": ("2030-02-30", "15.01.2030", "", "99999-01-01", 10**18, None, "\0"),
    "integer": (10**30, -(10**30), 1.5, "ten", "", None, [], True),
    "number": (1e308, -1e308, "ten", "", None, []),
    "boolean": ("maybe", 7, None, []),
    "array": ("x", {}, 7, [None], [[[]]], ["\0"] * 3, ["x" * HUGE]),
    "object": ("x", [], 7, {"\0": "\0"}, {"zz": {"zz": {"zz": "\0"}}}, {"x" * HUGE: 1}),
    "string": TEXT,
}  # fmt: skip
QUERY = ("", "x", "-1", "0", "99999999999999999999", "\0", "x" * 5_000, "2030-01-15T10:00:00", "2030-02-30T00:00:00Z")


@dataclass(frozen=True)
class Case:
    """One request. `sure`: it can have no effect, whatever else is right."""

    service: str
    method: str
    path: str
    what: str
    body: bytes | None = None
    params: tuple[tuple[str, str], ...] = ()
    sure: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.service}{self.path} with {self.what}"


@dataclass
class Document:
    """A service's OpenAPI document, as a source of cases."""

    service: str
    api: Json
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def cases(self) -> Iterator[Case]:
        for template, operations in self.api["paths"].items():
            for method, operation in operations.items():
                if method == "get":
                    yield from self._reads(template, operation)
                elif "application/json" in operation.get("requestBody", {}).get("content", {}):
                    schema = operation["requestBody"]["content"]["application/json"]["schema"]
                    yield from self._writes(template, method.upper(), self._flat(schema), operation)
                elif template.count("{"):
                    for path in self._bad_paths(template):
                        yield Case(self.service, method.upper(), path, "a wrong id")

    def _writes(self, template: str, method: str, schema: Json, operation: Json) -> Iterator[Case]:
        path = self._path(template)
        optional = not operation["requestBody"].get("required", False)
        for what, body in BODIES.items():
            if not (optional and what in ("nothing", "null")):
                yield Case(self.service, method, path, what, body)
        yield Case(self.service, method, path, "an oversized body", OVERSIZED)
        good = self._example(schema)
        for bad in self._bad_paths(template):
            yield Case(self.service, method, bad, "a wrong id in the path", _dump(good))
        yield Case(self.service, method, path, "an unknown field beside good ones", _dump(good | {"zz_unknown": 1}))
        for name, part in schema.get("properties", {}).items():
            kind = self._kind(part)
            for value in WRONG.get(kind, TEXT):
                sure = isinstance(value, str) and ("\0" in value or "\ud800" in value)
                what = f"{name}={json.dumps(value)[:60]}"
                yield Case(self.service, method, path, what, _dump(good | {name: value}), sure=sure)

    def _reads(self, template: str, operation: Json) -> Iterator[Case]:
        for path in self._bad_paths(template):
            yield Case(self.service, "GET", path, "a wrong id")
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                for value in QUERY:
                    params = ((parameter["name"], value),)
                    yield Case(
                        self.service, "GET", self._path(template), f"{parameter['name']}={value[:40]!r}", params=params
                    )

    def _path(self, template: str, value: str = UNKNOWN) -> str:
        return "/".join(value if part.startswith("{") else part for part in template.split("/"))

    def _bad_paths(self, template: str) -> Iterator[str]:
        if "{" in template:
            for value in (UNKNOWN, "not-an-id", "%00", "9" * 400, "..%2f..%2fetc", "%F0%9F%92%A9", "'%20OR%201=1--"):
                yield self._path(template, value)

    def _flat(self, schema: Json) -> Json:
        """References followed; of alternatives the first that is not null."""
        while True:
            if "$ref" in schema:
                schema = self.api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
            elif "anyOf" in schema:
                schema = next(part for part in schema["anyOf"] if part.get("type") != "null")
            elif "allOf" in schema:
                schema = schema["allOf"][0]
            else:
                return schema

    def _kind(self, schema: Json) -> str:
        flat = self._flat(schema)
        return str(flat.get("format") if flat.get("format") in WRONG else flat.get("type", "string"))

    def _example(self, schema: Json) -> Any:
        """A value the schema takes, its required fields only; whether the world takes it as well is another matter."""
        flat = self._flat(schema)
        if "examples" in schema or "examples" in flat:
            return (schema.get("examples") or flat["examples"])[0]
        if "enum" in flat or "const" in flat:
            return flat.get("const") or flat["enum"][0]
        match self._kind(schema):
            case "object":
                return {name: self._example(flat["properties"][name]) for name in flat.get("required", [])}
            case "array":
                return [self._example(flat["items"])] if flat.get("minItems") else []
            case "uuid":
                return str(UUID(int=self.chance.getrandbits(128), version=4))
            case "date-time":
                return "2031-03-03T10:00:00Z"
            case "date":
                return "2031-03-03"
            case "integer" | "number":
                return flat.get("minimum", flat.get("exclusiveMinimum", 0) + 1)
            case "boolean":
                return True
        return "Abc"[: flat.get("maxLength", 3)]


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()
