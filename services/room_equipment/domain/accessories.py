"""Equipment, and which of it is inspected (rules: Equipment).

What carries a leaning therapist (straps, handles, frames) is inspected like a bar, lighter: a pass or a fail, with an
end. It is in service only while its latest inspection is a pass that has not ended. It never clears a room nor closes
one: that is what the bars do.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from services.room_equipment.domain.errors import step
from services.room_equipment.domain.inspections import History
from shared.errors import Invalid, Refused


class Kind(StrEnum):
    """What a chain insures. The list is open: what is on it not yet is `other`, and its name says what it is."""

    TABLE = "table"
    STOOL = "stool"
    STEP = "step"
    STRAP = "strap"
    HANDLE = "handle"
    FRAME = "frame"
    BOLSTER = "bolster"
    TROLLEY = "trolley"
    LAMP = "lamp"
    HEATER = "heater"
    OTHER = "other"


CARRIES_A_THERAPIST = frozenset({Kind.STRAP, Kind.HANDLE, Kind.FRAME})

Status = Literal["in_service", "out_of_service", "never_inspected", "lapsed", "failed", "removed"]

NEXT_STEP: dict[str, str] = {
    "never_inspected": "It has never been inspected. Record a passing inspection first.",
    "lapsed": "Its last inspection has ended. Record a passing one first.",
    "failed": "It failed its last inspection. Replace or mend it, then record a passing one.",
    "removed": "It was removed. Register what replaces it.",
}


def check(thing: dict[str, Any], today: date) -> None:
    """
    Raises:
        Invalid: what carries a therapist and is not inspected; a removal to come.
    """
    if thing["kind"] in CARRIES_A_THERAPIST and not thing["inspected"]:
        raise Invalid("inspected_kind", "What carries a leaning therapist is inspected.", pointer="/inspected")
    if thing["removed_on"] is not None and thing["removed_on"] > today:
        raise Invalid("removed_in_the_future", "Record the removal when it has happened.", pointer="/removed_on")


def check_return(status: Status) -> None:
    """Whether a person may say that it is in service.

    Raises:
        Refused: `inspection_required`: only a passing inspection puts it back.
    """
    if status in NEXT_STEP:
        action = "register_replacement" if status == "removed" else "inspect_equipment"
        raise Refused("inspection_required", NEXT_STEP[status], equipment_status=status, next=[step(action)])


def history(thing: Any) -> History:
    """What is on record of an accessory, as `inspections.judge` looks at it: no installation, repairs or lock-outs."""
    return History(
        rated_load_kg=thing.rated_load_kg or Decimal(0),
        proven=True,
        latest_performed_at=thing.latest_performed_at,
        lockouts=(),
        repairer=None,
        of_a_bar=False,
    )
