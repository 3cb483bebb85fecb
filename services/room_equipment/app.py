"""Wiring of room-equipment."""

from services.room_equipment.api import ROUTERS
from services.room_equipment.consumers import HANDLERS
from services.room_equipment.jobs import JOBS
from services.room_equipment.settings import Settings
from shared.kit.service import Service

SERVICE = Service(
    name="room-equipment",
    settings=Settings,
    routers=ROUTERS,
    handlers=HANDLERS,
    jobs=JOBS,
    description="Rooms, bars, inspections and lock-outs, assignments, and the last gate before a session.",
)
