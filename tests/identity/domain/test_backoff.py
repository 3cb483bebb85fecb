from datetime import timedelta

import pytest

from services.identity.domain.backoff import LONGEST, still_waiting, wait_after


def test_the_first_four_failures_cost_no_wait() -> None:
    assert [wait_after(n) for n in range(5)] == [timedelta(0)] * 5


@pytest.mark.parametrize(("failures", "seconds"), [(5, 1), (6, 2), (7, 4), (8, 8), (12, 128)])
def test_from_the_fifth_on_the_wait_doubles(failures: int, seconds: int) -> None:
    assert wait_after(failures) == timedelta(seconds=seconds)


def test_the_wait_has_an_upper_bound_however_many_failures() -> None:
    assert wait_after(14) == LONGEST
    assert wait_after(1_000_000) == LONGEST


def test_the_wait_runs_down_and_is_over() -> None:
    assert still_waiting(6, timedelta(seconds=0.5)) == timedelta(seconds=1.5)
    assert still_waiting(6, timedelta(seconds=2)) == timedelta(0)
    assert still_waiting(4, timedelta(0)) == timedelta(0)
