"""Where the documents' facts come from: the services' own declarations."""

from importlib import import_module

from shared.events import Event
from shared.kit.service import Service

PACKAGES = ("scheduling", "screening", "room_equipment", "notification", "identity", "console")


def services() -> list[Service]:
    """Every service as its `app.py` declares it. Nothing is opened, read or made by that."""
    return [import_module(f"services.{package}.app").SERVICE for package in PACKAGES]


def heard(service: Service) -> set[type[Event]]:
    """The events a service's `consumers.py` names; one handler may take several."""
    return {event for key in service.handlers for event in (key if isinstance(key, tuple) else (key,))}
