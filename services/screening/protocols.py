"""Protocols as they are written: the defaults in YAML (`protocols/<name>.v<n>.yaml`), a chain's copies in JSON.

Both are the same shape. What is asked now stands in the database (`store/protocols.py`); a default gets there by a
migration, like all that comes with a build.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from services.screening.domain import soundness
from services.screening.domain.errors import UnknownProtocol
from services.screening.domain.protocol import (
    LOCALES,
    Deferral,
    Option,
    Outcome,
    Protocol,
    Question,
    QuestionType,
    Rule,
    Section,
    Text,
)

# libyaml is ten times as fast, and not in every build of PyYAML.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


DEFAULT_FLOOR = "massage"
"""Whose declines bind a protocol that has no default of its own name: what no massage takes, no treatment does."""


class Protocols:
    """Every shipped version of every protocol; `current` is the highest of each name."""

    def __init__(self, protocols: Mapping[tuple[str, int], Protocol]) -> None:
        self._by_version = dict(protocols)
        self._current = {name: self._by_version[name, version] for name, version in sorted(self._by_version)}

    def current(self) -> list[Protocol]:
        return list(self._current.values())

    def get(self, name: str, version: int | None = None) -> Protocol:
        """The asked version, or the current one.

        Raises:
            UnknownProtocol: there is none such.
        """
        found = self._current.get(name) if version is None else self._by_version.get((name, version))
        if found is None:
            raise UnknownProtocol
        return found


@cache
def shipped() -> Protocols:
    """The protocols in this folder, sound or not at all."""
    folder = files("services.screening") / "protocols"
    read = [load(entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    return Protocols({(protocol.name, protocol.version): protocol for protocol in read})


def load(text: str) -> Protocol:
    """One protocol from its YAML.

    Raises:
        UnsoundProtocol: some answer leads nowhere, or something it names is not there.
    """
    return soundness.check(parse(yaml.load(text, Loader=_Loader)))  # noqa: S506 - a safe loader


def floor_of(name: str) -> Protocol:
    """The default whose declines a chain's protocol of this name keeps (`domain/floor.py`)."""
    try:
        return shipped().get(name)
    except UnknownProtocol:
        return shipped().get(DEFAULT_FLOOR)


def parse(data: Mapping[str, Any]) -> Protocol:
    """A protocol from what was written, sound or not; its shape must be that of `protocol_schemas.ProtocolSource`."""
    return Protocol(
        name=data["name"],
        version=data["version"],
        title=data["title"],
        advisory=data["advisory"],
        standing_months=data["standing_months"],
        clearance_months=data["clearance_months"],
        outcomes={Outcome(name): text for name, text in data["outcomes"].items()},
        ask_again=data["ask_again"],
        limits=data.get("limits") or {},
        questions=tuple(_question(entry) for entry in data["questions"]),
        rules=tuple(_rule(entry) for entry in data["rules"]),
    )


def _question(entry: dict[str, Any]) -> Question:
    follows = entry.get("asked_when")
    return Question(
        id=entry["id"],
        section=Section(entry["section"]),
        type=QuestionType(entry["type"]),
        text=entry["text"],
        options=tuple(Option(option["value"], option["text"]) for option in entry.get("options") or ()),
        asked_when=next(iter(follows.items())) if follows else None,
        past=entry.get("past", False),
        renews=entry.get("renews"),
    )


def _rule(entry: dict[str, Any]) -> Rule:
    return Rule(
        reason=entry["reason"],
        when=entry["when"],
        outcome=Outcome(entry["outcome"]),
        limits=tuple(entry.get("limits") or ()),
        deferral=_deferral(entry["deferral"]) if entry.get("deferral") else None,
        then=Outcome(entry.get("then", Outcome.CLEARED)),
    )


def _deferral(entry: dict[str, Any]) -> Deferral:
    """Hours and weeks are days: a date has no hour, so hours count as the full days that hold them."""
    written = {name: value for name, value in entry.items() if value is not None}
    hours, weeks = written.pop("hours", None), written.pop("weeks", None)
    spans = [-(-hours // 24) if hours is not None else None, weeks * 7 if weeks is not None else None]
    for days in spans:
        if days is not None:
            # Two spans at once are one too many: -1 is in no calendar, so the author is told.
            written["days"] = days if "days" not in written else -1
    return Deferral(**written)


def choose_locale(asked: str | None) -> str:
    """The best of our locales for a language tag or an Accept-Language header; English where none fits."""
    for wanted in _by_weight(asked or ""):
        for locale in LOCALES:
            if wanted == locale.lower() or wanted.split("-")[0] == locale.lower().split("-")[0]:
                return locale
    return LOCALES[0]


def _by_weight(header: str) -> list[str]:
    """The language tags of an Accept-Language header, best first; one that is not well formed counts least."""
    weighed = []
    for place, part in enumerate(header[:200].split(",")):
        tag, _, weight = part.strip().lower().partition(";q=")
        try:
            weighed.append((-float(weight or 1), place, tag))
        except ValueError:
            weighed.append((0.0, place, tag))
    return [tag for _, _, tag in sorted(weighed)]


def words(text: Text, locale: str) -> str:
    """A text in a locale of LOCALES."""
    return text[locale]
