"""Every locale has every text, and a moment is said as the branch's clock shows it."""

from datetime import UTC, datetime

import pytest

from services.notification.domain.messages import Purpose
from services.notification.domain.placeholders import BadTemplate
from services.notification.wordings import built_in, read, wording


def test_all_four_locales_have_every_text() -> None:
    assert set(built_in()) == {"en", "de", "es", "zh-Hans"}
    for words in built_in().values():
        assert set(words.texts) == set(Purpose)


@pytest.mark.parametrize("locale", ["en", "de", "es", "zh-Hans"])
def test_every_text_to_a_client_says_what_where_and_when(locale: str) -> None:
    for purpose in (Purpose.CONFIRMED, Purpose.CANCELLED, Purpose.MOVED, Purpose.NEEDS_CHANGE):
        template = built_in()[locale].texts[purpose]
        assert {"client_name", "branch_name", "treatment_name", "when"} <= template.body.names
        assert {"treatment_name", "when"} <= template.subject.names


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("en", "en"), ("en-GB", "en"), ("de-AT", "de"), ("DE", "de"), ("es_MX", "es"), ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"), ("zh-Hans-SG", "zh-Hans"), ("fr", "en"), ("", "en"), (None, "en"),
    ],
)  # fmt: skip
def test_a_person_is_served_in_the_nearest_language(asked: str | None, served: str) -> None:
    assert wording(asked).locale == served


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "Sunday, 29 March 2026, 12:30 (UTC+02:00)"),
        ("de", "Sonntag, 29. März 2026, 12:30 Uhr (UTC+02:00)"),
        ("es", "domingo 29 de marzo de 2026, 12:30 (UTC+02:00)"),
        ("zh-Hans", "2026年3月29日 星期日 12:30（UTC+02:00）"),
    ],
)
def test_a_moment_is_the_branchs_local_time_on_the_day_its_clock_changes(locale: str, said: str) -> None:
    assert wording(locale).when(datetime(2026, 3, 29, 10, 30, tzinfo=UTC), "Europe/Madrid") == said


def test_the_two_passes_of_a_repeated_hour_are_told_apart() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    said = [wording("en").when(at, "Europe/Madrid") for at in (first, second)]
    assert said == ["Sunday, 25 October 2026, 02:30 (UTC+02:00)", "Sunday, 25 October 2026, 02:30 (UTC+01:00)"]


def test_a_locale_without_a_text_or_with_a_wrong_one_is_named() -> None:
    names = {
        "weekdays": ["d"] * 7,
        "months": ["m"] * 12,
        "when": "{time}",
        "session": "{when}",
        "asset": "{when}",
        "answer": "{link}",
        "choose": "here:",
        "say": "yes or no:",
        "treatment": "{treatment_name}",
        "someone": "you",
    }
    good = {"subject": "s", "body": "b"}
    texts = {purpose.value: good for purpose in Purpose}
    read("xx", names | {"texts": texts})
    with pytest.raises(BadTemplate, match="xx: no text for moved"):
        read("xx", names | {"texts": {name: text for name, text in texts.items() if name != "moved"}})
    with pytest.raises(BadTemplate, match=r"xx, moved: .*nonsense"):
        read("xx", names | {"texts": texts | {"moved": good | {"body": "{nonsense}"}}})
    with pytest.raises(BadTemplate, match=r"xx, moved: .*sessions"):
        read("xx", names | {"texts": texts | {"moved": good | {"subject": "{sessions}"}}})
