"""What every event is: a past-tense fact with a type, a topic and a key.

Events carry ids and decisions. No name, address, number, health answer or mass, ever.
"""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

TOPICS = ("caibei.scheduling", "caibei.screening", "caibei.room-equipment", "caibei.notification")
PARTITIONS = 12

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[_-][a-z0-9]+)*$", max_length=64)]
"""A code that software chose. What a person typed does not fit: no text of theirs gets into an event."""

_registry: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """One fact, announced once by its owner.

    Subclasses name their `type` (CloudEvents), and the field whose value is the Kafka key: all facts with one
    key are read in the order they happened. A reader ignores fields it does not know, so a field may be added;
    a field that is removed or changes its meaning needs a new version of the type.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    key_field: ClassVar[str]

    def __init_subclass__(cls, *, type: str = "", key: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type:
            cls.type = type
            cls.key_field = key
            _registry[type] = cls

    @classmethod
    def topic(cls) -> str:
        """`caibei.<service>`, the topic of the service that announces it."""
        return ".".join(cls.type.split(".")[:2])

    @property
    def key(self) -> UUID:
        value = getattr(self, self.key_field)
        assert isinstance(value, UUID)
        return value


def event_class(type_: str) -> type[Event] | None:
    """The class of a CloudEvents type, or None when this build does not know it (a newer announcer)."""
    return _registry.get(type_)


def event_classes() -> Iterator[type[Event]]:
    """Every class defined in this package, by type. Tests and benches may have events of their own."""
    home = __name__.rpartition(".")[0]
    return (_registry[name] for name in sorted(_registry) if _registry[name].__module__.startswith(home))
