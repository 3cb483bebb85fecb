"""How another system's bookings are read: which column or property is which field, and what its words mean here."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from deploy.cli.chain.chain import said_of
from deploy.cli.chain.faults import Fault, Faulty

FIELDS = ("branch", "treatment", "client", "starts", "therapist", "room", "room_flexible", "notes")
OTHERS = ("uid", "status")


def _columns(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Columns = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_columns), Field(min_length=1)]


class Mapping(BaseModel):
    """`columns`: field → column, or several that are joined by a space. `values`: field → its word → our code.
    `format` of the start, as `strptime` has it. `cancelled`: words of `status` (any case) that mean: not booked.
    """

    model_config = ConfigDict(extra="forbid")

    branch: str | None = None
    columns: dict[str, Columns] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    format: str | None = None
    delimiter: str = Field(",", min_length=1, max_length=1)
    encoding: str = "utf-8-sig"
    cancelled: list[str] = ["cancelled", "canceled"]

    def columns_of(self, field: str, default: str) -> list[str]:
        return self.columns.get(field, [default])

    def meant(self, field: str, text: str) -> str:
        """Our code of its word; the word itself where the mapping says nothing."""
        return self.values.get(field, {}).get(text, text)

    def is_cancelled(self, status: str) -> bool:
        return status.strip().casefold() in {word.casefold() for word in self.cancelled}

    def start(self, text: str) -> str:
        """The start as our files write it. Raises ValueError."""
        if self.format is None:
            return text
        try:
            found = datetime.strptime(text, self.format)  # noqa: DTZ007  # the branch's clock, as all local times
        except ValueError:
            raise ValueError(f"{text!r} is not written as {self.format!r}") from None
        return found.strftime("%Y-%m-%d %H:%M") if found.tzinfo is None else found.isoformat()


def load_mapping(file: Path | None, branch: str | None) -> Mapping:
    """The file's mapping, or the plain one; `branch` given by hand goes first.

    Raises:
        Faulty: it cannot be read, or says what no mapping says.
    """
    said: Any = {}
    if file is not None:
        try:
            said = yaml.load(file.read_text("utf-8-sig"), Loader=yaml.BaseLoader) or {}  # noqa: S506  # text only
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise Faulty([Fault(file.name, 1, "", f"cannot be read: {type(error).__name__}")]) from None
    name = file.name if file is not None else "mapping"
    try:
        mapping = Mapping.model_validate(said)
        "".encode(mapping.encoding)
    except ValidationError as error:
        wrong = [(".".join(map(str, item["loc"])), said_of(item)) for item in error.errors(include_url=False)]
        raise Faulty([Fault(name, 1, field, problem) for field, problem in wrong]) from None
    except LookupError:
        raise Faulty([Fault(name, 1, "encoding", "is no encoding that is known here")]) from None
    strange = [field for field in (*mapping.columns, *mapping.values) if field not in (*FIELDS, *OTHERS)]
    if strange:
        fields = ", ".join((*FIELDS, *OTHERS))
        raise Faulty([Fault(name, 1, field, f"is no field of a booking; these are {fields}") for field in strange])
    return mapping if branch is None else mapping.model_copy(update={"branch": branch})
