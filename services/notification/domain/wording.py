"""A locale's words: the texts of every message, and how a moment is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.notification.domain.messages import Purpose
from services.notification.domain.placeholders import Text

SUBJECT_PLACEHOLDERS = frozenset({"client_name", "branch_name", "branch_contact", "treatment_name", "when", "count"})
PLACEHOLDERS = SUBJECT_PLACEHOLDERS | {
    "sessions",
    "assets",
    "therapist_name",
    "until",
    "say",
    "answer",
    "choose",
    "treatments",
}
SESSION_PLACEHOLDERS = frozenset({"treatment_name", "when"})
CHOOSE_PLACEHOLDERS: frozenset[str] = frozenset()
TREATMENT_PLACEHOLDERS = frozenset({"treatment_name"})
ASSET_PLACEHOLDERS = frozenset({"room_code", "asset_name", "when"})
ANSWER_PLACEHOLDERS = frozenset({"link"})
MOMENT_PLACEHOLDERS = frozenset({"weekday", "day", "month", "year", "time", "zone"})


@dataclass(frozen=True, slots=True)
class Template:
    subject: Text
    body: Text


@dataclass(frozen=True, slots=True)
class Wording:
    """`weekdays` begins with Monday, `months` with January; `someone` stands in for a name that is not known.

    `session` is one line of `{sessions}`, where a message tells of several; `asset` one of `{assets}`; `say`
    stands above the link by which an offer is answered; `treatment` one
    of `{treatments}`. `choose` stands above the link in `{choose}`, where there is one to choose by.
    `answer` is all of `{answer}`, where there is a link to answer by.
    """

    locale: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    moment: Text
    session: Text
    asset: Text
    say: Text
    answer: Text
    choose: Text
    treatment: Text
    someone: str
    texts: Mapping[Purpose, Template]

    def when(self, at: datetime, timezone: str) -> str:
        """`at` as the branch's clock shows it, with the zone, so that nobody has to guess whose time it is."""
        local = at.astimezone(ZoneInfo(timezone))
        offset = local.strftime("%z")
        return self.moment.filled(
            {
                "weekday": self.weekdays[local.weekday()],
                "day": str(local.day),
                "month": self.months[local.month - 1],
                "year": str(local.year),
                "time": local.strftime("%H:%M"),
                "zone": f"UTC{offset[:3]}:{offset[3:]}",
            }
        )


def best_locale(wanted: str | None, have: Mapping[str, Wording], default: str) -> Wording:
    """The wording for a BCP 47 tag: itself, else its language, else the default.

    `de-AT` is served by `de`; `zh-CN`, `zh-SG` and plain `zh` by `zh-Hans`.
    """
    tag = (wanted or "").strip().lower().replace("_", "-")
    by_tag = {locale.lower(): wording for locale, wording in have.items()}
    by_language = {locale.split("-")[0]: wording for locale, wording in by_tag.items()}
    return by_tag.get(tag) or by_language.get(tag.split("-")[0]) or have[default]
