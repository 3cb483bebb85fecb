"""The kinds of fields a row has. Each reads what YAML gives (lists, mappings) and what a CSV cell holds (text)."""

import re
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from deploy.cli.chain.when import WEEKDAYS, Day, Moment, parse_clock

_SPAN = re.compile(r"([0-2]\d:[0-5]\d)\s*-\s*([0-2]\d:[0-5]\d)")

_MONEY = re.compile(r"(\d{1,8}(?:\.\d{1,2})?) ([A-Z]{3})")
_NO_CENTS = ("JPY", "KRW", "VND", "CLP", "ISK")


def _many(value: Any) -> Any:
    """`a; b` in a cell, a list in YAML; one thing alone is a list of one."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(";") if part.strip()]
    return value


def _pairs(value: Any) -> Any:
    """`key value; key value` in a cell, a mapping in YAML."""
    if not isinstance(value, str):
        return value
    found: dict[str, str] = {}
    for part in _many(value):
        key, separator, rest = part.partition(" ")
        if not separator:
            raise ValueError(f"{part!r} needs a name and a value, as in 'massage 2027-05-01'")
        if key in found:
            raise ValueError(f"{key!r} is there twice")
        found[key] = rest.strip()
    return found


def _hours(value: Any) -> Any:
    """`mon-fri 10:00-22:00; sat 09:00-13:00,14:00-18:00` → {"mon": [["10:00", "22:00"]], …}; other days are closed."""
    found: dict[str, list[list[str]]] = {}
    for days, spans in _pairs(value).items():
        times = [] if spans == "closed" else [_span(span) for span in spans.split(",")]
        for day in _days(days):
            if day in found:
                raise ValueError(f"{day} is there twice")
            found[day] = times
    return {day: found[day] for day in WEEKDAYS if found.get(day)}


def _span(text: str) -> list[str]:
    match = _SPAN.fullmatch(text.strip())
    if match is None or match[1] >= "24:00" or match[2] > "24:00":
        raise ValueError(f"{text.strip()!r} is no opening time: write 10:00-22:00, or 18:00-02:00 for past midnight")
    return [match[1], match[2]]


def _days(text: str) -> list[str]:
    found = []
    for part in text.lower().split(","):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise ValueError(f"{part!r} is no day of the week: write mon, mon-fri or sat,sun")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found += [WEEKDAYS[i % 7] for i in range(start, start + (end - start) % 7 + 1)]
    return found


def _yes(value: Any) -> Any:
    """Ordinary words for true and false; everything else is left to be refused."""
    return {"yes": True, "no": False}.get(value.strip().lower(), value) if isinstance(value, str) else value


def _money(value: Any) -> Any:
    """`480.00 CNY` → {"amount": 48000, "currency": "CNY"}, in the currency's smallest unit."""
    match = _MONEY.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"{str(value)!r} is no price: write 480.00 CNY")
    amount = Decimal(match[1]).scaleb(0 if match[2] in _NO_CENTS else 2)
    if amount != amount.to_integral_value():
        raise ValueError(f"{str(value)!r} is more exact than its currency")
    return {"amount": int(amount), "currency": match[2]}


Code = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4_000, strip_whitespace=True)]
Many = Annotated[list[Text], BeforeValidator(_many)]
Codes = Annotated[list[Code], BeforeValidator(_many)]
DayField = Annotated[Day, BeforeValidator(Day.parse)]
MomentField = Annotated[Moment, BeforeValidator(Moment.parse)]
Clock = Annotated[Any, BeforeValidator(parse_clock)]
Until = Annotated[dict[Text, DayField], BeforeValidator(_pairs)]
Pairs = Annotated[dict[Text, Text], BeforeValidator(_pairs)]
Money = Annotated[dict[str, Any], BeforeValidator(_money)]
Hours = Annotated[dict[str, list[list[str]]], BeforeValidator(_hours)]
Yes = Annotated[bool, BeforeValidator(_yes)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone: write one of the IANA names, such as Europe/Berlin") from None
    return name


Zone = Annotated[Text, AfterValidator(_zone)]
