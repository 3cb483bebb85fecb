"""Links: signed for one row, one purpose and a time; whatever else is put in their place opens nothing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.errors import CaibeiError, Refused
from shared.kit.ids import new_id
from shared.kit.links import Link, LinkEnded, LinkingSettings, Links, UnknownLink

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
KEY, BEFORE = "k" * 32, "b" * 32
LINKS = Links("questionnaire", [KEY, ""], "https://spa.test")


@given(subject=st.uuids(), seconds=st.integers(1, 10**9))
def test_a_token_opens_to_the_row_it_was_made_for_and_until_its_time(subject: UUID, seconds: int) -> None:
    ends_at = NOW + timedelta(seconds=seconds)
    token = LINKS.token(subject, ends_at)
    assert LINKS.open(token, NOW) == Link(subject, ends_at)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert LINKS.address("/q/", subject, ends_at) == f"https://spa.test/q/{token}"
    with pytest.raises(LinkEnded) as ended:
        LINKS.open(token, ends_at)
    assert ended.value.subject == subject


def test_the_same_row_and_time_give_the_same_token_so_it_need_not_be_kept() -> None:
    subject = new_id()
    assert LINKS.token(subject, LATER) == LINKS.token(subject, LATER)
    assert str(subject) not in LINKS.token(subject, LATER)


@given(place=st.integers(0, 58), character=st.sampled_from("ABCXYZabcxyz0189-_=.é\0 "))
def test_a_token_with_any_character_changed_opens_nothing(place: int, character: str) -> None:
    token = LINKS.token(UUID(int=5), LATER)
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(UnknownLink):
            LINKS.open(changed, NOW)


@given(st.text(max_size=200))
def test_whatever_else_is_put_in_its_place_is_refused_and_nothing_breaks(text: str) -> None:
    with pytest.raises(UnknownLink):
        LINKS.open(text, NOW)


@pytest.mark.parametrize(
    "other",
    [
        Links("attention", [KEY, ""], ""),
        Links("questionnaire", ["z" * 32, BEFORE], ""),
        Links("questionnaire", ["", ""], ""),
    ],
    ids=["another purpose", "other keys", "no key"],
)
def test_it_opens_for_its_own_purpose_and_with_its_own_key_only(other: Links) -> None:
    with pytest.raises(UnknownLink):
        other.open(LINKS.token(new_id(), LATER), NOW)


def test_after_a_rotation_links_of_the_key_before_still_open_and_new_ones_have_the_new_key() -> None:
    rotated = Links("questionnaire", ["n" * 32, KEY], "")
    old, subject = LINKS.token(UUID(int=1), LATER), UUID(int=1)
    assert rotated.open(old, NOW).subject == subject
    assert rotated.token(subject, LATER) != old
    with pytest.raises(UnknownLink):
        Links("questionnaire", ["m" * 32, "n" * 32], "").open(old, NOW)


def test_without_a_key_no_link_is_made_and_a_short_key_refuses_to_start() -> None:
    settings = LinkingSettings()
    with pytest.raises(Refused, match="links_need_a_key"):
        settings.links("questionnaire", "http://own").token(new_id(), LATER)
    with pytest.raises(ValidationError, match="32 characters"):
        LinkingSettings(link_key="short")


def test_neither_a_key_nor_a_token_is_in_what_is_printed_of_them() -> None:
    token = LINKS.token(new_id(), LATER)
    assert KEY not in repr(LINKS)
    for wrong in (token[:-1], token + "A"):
        with pytest.raises(CaibeiError) as refused:
            LINKS.open(wrong, NOW)
        assert wrong not in f"{refused.value} {refused.value.extra}"
