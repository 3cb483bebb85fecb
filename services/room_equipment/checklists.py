"""The checklists this build ships, read once from YAML (`checklists/<kind>.v<n>.yaml`) and refused if unsound."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from services.room_equipment.domain.checklists import KINDS, Checklist, Item, Kind, check_items

# libyaml is ten times as fast, and not in every build of PyYAML.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def shipped() -> dict[Kind, dict[int, Checklist]]:
    """Every version of every kind."""
    folder = files("services.room_equipment") / "checklists"
    found: dict[Kind, dict[int, Checklist]] = {kind: {} for kind in KINDS}
    for entry in folder.iterdir():
        if entry.name.endswith(".yaml"):
            checklist = load(entry.read_text("utf-8"))
            found[checklist.kind][checklist.version] = checklist
    return found


def load(text: str) -> Checklist:
    """One checklist from its YAML.

    Raises:
        Invalid: its items are unsound.
    """
    data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    items = tuple(Item(**item) for item in data["items"])
    check_items(items)
    return Checklist(data["kind"], data["version"], "default", data["title"], items)
