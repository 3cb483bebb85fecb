"""Bodies in and out. A body that is not exactly what the route takes is refused, before anything is looked up."""

import json
from typing import Annotated, Any

from fastapi import Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

MAX_DEPTH = 32


class Body(BaseModel):
    """What a route takes. Unknown fields are refused; a name misspelt must not be a wish ignored."""

    model_config = ConfigDict(extra="forbid", str_max_length=10_000, allow_inf_nan=False, hide_input_in_errors=True)


def example(**fields: Any) -> ConfigDict:
    """`model_config = example(code="R3", …)`: a whole body for the documentation, and for "try it out"."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


class Answer(BaseModel):
    """What a route answers."""

    model_config = ConfigDict(from_attributes=True)


Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Note = Annotated[str, StringConstraints(max_length=4_000)]


def _in_range(value: Any) -> Any:
    if not 1970 <= value.year <= 2200:
        raise ValueError("the year must lie between 1970 and 2200")
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_in_range)]
"""An RFC 3339 time with an offset. A naive one is refused: nobody can know whose clock it was read from."""


class StrictRequest(Request):
    """Reads JSON strictly: no duplicate keys, NaN, infinities, deep nesting, NUL or lone surrogates."""

    async def json(self) -> Any:
        if not hasattr(self, "_strict_json"):
            self._strict_json = loads(await self.body())
        return self._strict_json


def loads(raw: bytes) -> Any:
    """Parse strictly.

    Raises:
        json.JSONDecodeError: with what is wrong, and never with what was sent.
    """
    try:
        value = json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise json.JSONDecodeError(error.msg, "", error.pos) from None
    except UnicodeDecodeError:
        raise json.JSONDecodeError("the body is not UTF-8", "", 0) from None
    except RecursionError:
        raise json.JSONDecodeError(f"nested deeper than {MAX_DEPTH}", "", 0) from None
    except ValueError as error:
        raise json.JSONDecodeError(str(error), "", 0) from None
    _check(value, 0)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise json.JSONDecodeError("an object names the same key twice", "", 0)
    return found


def _no_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise json.JSONDecodeError("a number is too large", "", 0)
    return value


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise json.JSONDecodeError(f"nested deeper than {MAX_DEPTH}", "", 0)
    if isinstance(value, str):
        if "\0" in value:
            raise json.JSONDecodeError("a string holds a NUL character", "", 0)
        if not value.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise json.JSONDecodeError("a string holds a lone surrogate", "", 0)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check(key, depth)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)
