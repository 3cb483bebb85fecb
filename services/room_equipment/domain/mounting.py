"""What a change of a bar means for its proof (rules: Rooms, bars, clearance).

Raising a rating, or changing room, mounting or serial, ends its clearance until a new installation inspection; lowering
a rating applies at once. Taking it out of service closes the room until someone records it as removed or puts it back.
"""

from collections.abc import Mapping
from typing import Any

NEEDS_INSPECT = frozenset({"rated_load_kg", "removed_on"})


def unproves(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the bar must pass a new installation inspection before it counts again."""
    moved = any(before[name] != after[name] for name in ("room_id", "mounting", "serial"))
    put_back = before["removed_on"] is not None and after["removed_on"] is None
    return bool(moved or put_back or after["rated_load_kg"] > before["rated_load_kg"])


def needed_scopes(before: Mapping[str, Any], changed: Mapping[str, Any]) -> set[str]:
    """`rooms:inspect` for ratings, removal and putting back into service; `rooms:write` for the rest."""
    needed = set()
    for name, value in changed.items():
        if value == before[name]:
            continue
        inspect = name in NEEDS_INSPECT or (name == "in_service" and value is True)
        needed.add("rooms:inspect" if inspect else "rooms:write")
    return needed
