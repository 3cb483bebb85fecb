"""Strict JSON: whatever Python's own parser takes and PostgreSQL or another reader would not, is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kit.body import loads

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(categories=["L"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(plain)
def test_what_is_plain_json_comes_through_unchanged(value: object) -> None:
    assert loads(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_refused_and_never_break(raw: bytes) -> None:
    try:
        loads(raw)
    except json.JSONDecodeError as error:
        assert error.doc == "", "what was sent is not carried along"


@pytest.mark.parametrize(
    "raw", ['{"a":1,"a":1}', "NaN", "-Infinity", '"\\u0000"', '"\\udc00"', '{"\\u0000":1}', "1e999"]
)
def test_what_only_python_takes_is_refused(raw: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        loads(raw.encode())
