"""What may change in an event without a new version of its type.

Topics keep everything, and services are not deployed at one instant. So a changed event must be readable in both
directions: today's reader reads yesterday's events, and yesterday's reader reads today's. A reader ignores fields it
does not know; that leaves one free change, a new field with a default.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

OPEN_VOCABULARIES = frozenset({"Refusal", "GapReason"})
"""Codes that may be added to (codes.py). Deploy readers first: one that does not know a code parks the event, and a
replay after its upgrade reads it."""

_LIMITS = (
    "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minItems", "maxItems", "uniqueItems",
)  # fmt: skip


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why events cannot go from JSON Schema `old` to `new` under the same type; empty when they can.

    Each line names the field by its path and says who is hurt: `room.code: removed, an old reader needs it`.
    """
    found = list(_compare(_Node(old, old), _Node(new, new), ""))
    if old.get("x-key") != new.get("x-key"):
        found.append(f"the key was {old.get('x-key')} and is {new.get('x-key')}: the order of older events is lost")
    return found


class _Node:
    """A schema with the document its references point into."""

    def __init__(self, schema: Schema, root: Schema) -> None:
        self.name = ""
        while "$ref" in schema:
            self.name = schema["$ref"].rsplit("/", 1)[1]
            schema = root["$defs"][self.name]
        self.schema, self.root = schema, root

    def at(self, schema: Schema) -> "_Node":
        return _Node(schema, self.root)

    def kinds(self) -> dict[str, "_Node"]:
        """What a value may be: {"null": …, "string:uuid": …}. An enum is one kind, whatever its values."""
        alternatives = self.schema.get("anyOf") or self.schema.get("oneOf")
        if alternatives:
            return {kind: node for each in alternatives for kind, node in self.at(each).kinds().items()}
        if "enum" in self.schema or "const" in self.schema:
            return {"enum": self}
        kind = self.schema.get("type", "anything")
        return {f"{kind}:{self.schema['format']}" if "format" in self.schema else str(kind): self}

    def values(self) -> set[Any]:
        return set(self.schema.get("enum", [self.schema.get("const")]))


def _compare(old: _Node, new: _Node, path: str) -> Iterator[str]:
    before, after = old.kinds(), new.kinds()
    where = path or "the event"
    for kind in before.keys() - after.keys():
        yield f"{where}: was {kind}, now {' or '.join(sorted(after))}; a new reader cannot read older events"
    for kind in after.keys() - before.keys():
        yield f"{where}: may now be {kind}; an old reader cannot read that"
    for kind in before.keys() & after.keys():
        yield from _compare_kind(kind, before[kind], after[kind], path)


def _compare_kind(kind: str, old: _Node, new: _Node, path: str) -> Iterator[str]:
    changed = [limit for limit in _LIMITS if old.schema.get(limit) != new.schema.get(limit)]
    if changed:
        yield f"{path}: its limits changed ({', '.join(changed)})"
    if kind == "enum":
        yield from _compare_values(old, new, path)
    elif kind == "object":
        yield from _compare_fields(old, new, path)
    elif kind == "array":
        old_items = [*old.schema.get("prefixItems", []), old.schema.get("items", {})]
        new_items = [*new.schema.get("prefixItems", []), new.schema.get("items", {})]
        for a, b in zip(old_items, new_items, strict=False):
            yield from _compare(old.at(a), new.at(b), f"{path}[]")


def _compare_values(old: _Node, new: _Node, path: str) -> Iterator[str]:
    gone, come = old.values() - new.values(), new.values() - old.values()
    if gone:
        yield f"{path}: no longer takes {_list(gone)}, which older events hold"
    if come and not (old.name == new.name and new.name in OPEN_VOCABULARIES):
        yield f"{path}: may now be {_list(come)}, which an old reader does not know"


def _compare_fields(old: _Node, new: _Node, path: str) -> Iterator[str]:
    before, after = old.schema.get("properties", {}), new.schema.get("properties", {})
    needed = set(new.schema.get("required", ()))
    for name in sorted(before.keys() - after.keys()):
        yield f"{_join(path, name)}: removed, an old reader needs it"
    for name in sorted(after.keys() - before.keys()):
        if name in needed:
            yield f"{_join(path, name)}: new and without a default, older events do not have it"
    for name in sorted(before.keys() & after.keys()):
        if name in needed and name not in old.schema.get("required", ()):
            yield f"{_join(path, name)}: lost its default, older events may not have it"
        yield from _compare(old.at(before[name]), new.at(after[name]), _join(path, name))
    was, now = old.schema.get("additionalProperties"), new.schema.get("additionalProperties")
    if isinstance(was, dict) and isinstance(now, dict):
        yield from _compare(old.at(was), new.at(now), _join(path, "*"))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _list(values: set[Any]) -> str:
    return ", ".join(sorted(map(str, values)))
