"""The built-in texts, read from `templates/<locale>.yaml` once and refused at start if one is wrong."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.notification.domain.messages import Purpose
from services.notification.domain.placeholders import BadTemplate, parse
from services.notification.domain.wording import (
    ANSWER_PLACEHOLDERS,
    ASSET_PLACEHOLDERS,
    CHOOSE_PLACEHOLDERS,
    MOMENT_PLACEHOLDERS,
    PLACEHOLDERS,
    SESSION_PLACEHOLDERS,
    SUBJECT_PLACEHOLDERS,
    TREATMENT_PLACEHOLDERS,
    Template,
    Wording,
    best_locale,
)

DEFAULT = "en"
_FOLDER = Path(__file__).parent / "templates"


@cache
def built_in() -> dict[str, Wording]:
    """Every locale by its tag. Raises BadTemplate naming the file and text that is wrong or missing."""
    return {path.stem: read(path.stem, yaml.safe_load(path.read_text("utf-8"))) for path in _FOLDER.glob("*.yaml")}


def wording(locale: str | None) -> Wording:
    """The words for a person's locale, or English ones."""
    return best_locale(locale, built_in(), DEFAULT)


def read(locale: str, source: dict[str, Any]) -> Wording:
    """One locale's file. Raises BadTemplate."""
    texts = {}
    for purpose in Purpose:
        text = source["texts"].get(purpose.value)
        if text is None:
            raise BadTemplate(f"{locale}: no text for {purpose.value}")
        try:
            texts[purpose] = Template(parse(text["subject"], SUBJECT_PLACEHOLDERS), parse(text["body"], PLACEHOLDERS))
        except BadTemplate as error:
            raise BadTemplate(f"{locale}, {purpose.value}: {error.detail}") from error
    if len(source["weekdays"]) != 7 or len(source["months"]) != 12:
        raise BadTemplate(f"{locale}: seven weekdays and twelve months, please")
    return Wording(
        locale=locale,
        weekdays=tuple(source["weekdays"]),
        months=tuple(source["months"]),
        moment=parse(source["when"], MOMENT_PLACEHOLDERS),
        session=parse(source["session"], SESSION_PLACEHOLDERS),
        asset=parse(source["asset"], ASSET_PLACEHOLDERS),
        say=parse(source["say"], ()),
        answer=parse(source["answer"], ANSWER_PLACEHOLDERS),
        choose=parse(source["choose"], CHOOSE_PLACEHOLDERS),
        treatment=parse(source["treatment"], TREATMENT_PLACEHOLDERS),
        someone=source["someone"],
        texts=texts,
    )
