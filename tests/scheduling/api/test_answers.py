"""How long a POST waits."""

import pytest

from services.scheduling.api.answers import wait_seconds


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 5), ("", 5), ("wait=3", 3), ("wait=0", 0), ("wait=999", 20), ("respond-async", 0),
        ("respond-async, wait=10", 10), ('wait="7"', 7), ("wait=x", 5), ("return=minimal", 5), ("await=3", 5),
    ],
)  # fmt: skip
def test_prefer_says_how_long_up_to_twenty_seconds(prefer: str | None, seconds: float) -> None:
    assert wait_seconds(prefer) == seconds
