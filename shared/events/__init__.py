"""The only business knowledge that crosses services: one module per announcing service."""

from shared.events import notification, room_equipment, scheduling, screening
from shared.events.base import PARTITIONS, TOPICS, Event, event_class, event_classes

__all__ = [
    "PARTITIONS",
    "TOPICS",
    "Event",
    "event_class",
    "event_classes",
    "notification",
    "room_equipment",
    "scheduling",
    "screening",
]
