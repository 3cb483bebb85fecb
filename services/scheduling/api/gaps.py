"""Why a named room is not cleared, in words: room-equipment's reason and time travel as codes."""

from typing import Any

_WORDS = {
    "no_bar": "no bar is mounted in it. Have one mounted and inspected",
    "too_few_bars": "fewer bars are mounted than it requires. Have the missing one mounted and inspected",
    "never_inspected": "a bar has no installation inspection as it is mounted now. Have one recorded, with a load test",
    "lapsed": "a bar's certificate has ended by then. Have a periodic inspection recorded",
    "failed": "a bar failed its inspection. Have it repaired, then inspected by someone else",
    "locked_out": "a bar is locked out. Have it repaired, then inspected by someone else",
    "out_of_service": "the room or a bar is out of service. Have an inspector put it back or record it as removed",
    "closed": "it is closed then. Wait until it is open again",
}


def words(refusal: dict[str, Any]) -> str:
    """From when, why, and what would help."""
    why = _WORDS.get(str(refusal["gap_reason"]), "its bars are not cleared. Have them inspected")
    use = "be used" if refusal["gap_reason"] == "closed" else "be used for back-stepping"
    since = f"From {refusal['gap_at']} on this room cannot {use}"
    return f"{since}: {why}, or choose another room or time."
