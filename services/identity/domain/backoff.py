"""How long a guesser waits. House rule, not a standard.

A client's secret has 256 bits and cannot be guessed; the wait keeps a broken or hostile caller from
costing anything. It is counted for one client id as tried from one address, so that a stranger cannot lock a
partner out from elsewhere.
"""

from datetime import timedelta

FREE_FAILURES = 5
LONGEST = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(minutes=15)


def wait_after(failures: int) -> timedelta:
    """The wait that follows the n-th failure in a row: none for the first four, then 1 s, 2 s, 4 s, … up to 5 min."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    doublings = min(failures - FREE_FAILURES, 16)
    return min(timedelta(seconds=2**doublings), LONGEST)


def still_waiting(failures: int, since_last: timedelta) -> timedelta:
    """What is left of the wait (zero when it is over), `since_last` after the last failure."""
    return max(wait_after(failures) - since_last, timedelta(0))
