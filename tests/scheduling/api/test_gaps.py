"""Why a named room is not cleared, in words."""

import pytest

from services.scheduling.api.gaps import words
from shared.events.codes import GapReason


@pytest.mark.parametrize("reason", list(GapReason))
def test_each_reason_says_from_when_why_and_what_would_help(reason: GapReason) -> None:
    said = words({"gap_reason": reason, "gap_at": "2026-11-29T23:00:00Z"})
    assert "2026-11-29T23:00:00Z" in said and "choose another room or time" in said
    assert said != words({"gap_reason": "of_tomorrow", "gap_at": "2026-11-29T23:00:00Z"})
