import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.placeholders import BadTemplate, parse

NAMES = {"client_name", "when"}


def test_known_placeholders_are_filled_and_doubled_braces_are_signs() -> None:
    text = parse("{{Dear}} {client_name}, {when}.", NAMES)
    assert text.filled({"client_name": "Ana", "when": "now"}) == "{Dear} Ana, now."
    assert text.names == NAMES


@pytest.mark.parametrize(
    "source",
    [
        "{", "}", "{client_name", "client_name}", "{}", "{unknown}", "{ client_name }", "{client_name!r}",
        "{client_name:>9}", "{client_name.__class__}", "{client_name[0]}", "{0}", "{Client_name}", "{{{", "{%if%}",
    ],
)  # fmt: skip
def test_anything_else_in_braces_is_refused(source: str) -> None:
    with pytest.raises(BadTemplate):
        parse(source, NAMES)


def test_jinja_is_words_once_its_braces_are_read_as_signs() -> None:
    assert parse("{{{{ 7*7 }}}}", NAMES).filled({}) == "{{ 7*7 }}"


def test_a_value_is_not_read_as_a_template_again() -> None:
    assert parse("Hi {client_name}", NAMES).filled({"client_name": "{when}", "when": "x"}) == "Hi {when}"


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\u2028", "\u0085", "\0", "\x0b"])
def test_a_value_cannot_start_a_line(break_: str) -> None:
    filled = parse("To {client_name}.", NAMES).filled({"client_name": f"Ana{break_}Bcc: all@example.org"})
    assert filled == "To Ana Bcc: all@example.org."
    assert len(filled.splitlines()) == 1


def test_the_values_of_a_list_stand_on_a_line_each_and_start_no_other() -> None:
    filled = parse("All:\n{when}\n.", NAMES).filled({"when": ["one", "two\nBcc: all@example.org"]})
    assert filled == "All:\none\ntwo Bcc: all@example.org\n."


def test_a_value_has_an_end() -> None:
    assert len(parse("{when}", NAMES).filled({"when": "x" * 10_000})) == 500


@given(st.text())
def test_every_text_parses_or_is_refused_and_what_parses_fills_without_surprise(source: str) -> None:
    try:
        text = parse(source, NAMES)
    except BadTemplate:
        return
    assert text.names <= NAMES
    filled = text.filled({"client_name": "", "when": ""})
    if not text.names:
        assert filled == source.replace("{{", "{").replace("}}", "}")
