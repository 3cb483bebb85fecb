"""Waits grow to their limit, start anew after a success, and are not the same for two who wait."""

from shared.kit.backoff import Backoff


def test_waits_double_up_to_their_limit_and_are_shortened_by_half_at_most() -> None:
    backoff = Backoff(first=1, most=6)
    for longest in (1, 2, 4, 6, 6):
        assert longest / 2 <= backoff.next() <= longest


def test_after_a_success_the_first_wait_is_short_again() -> None:
    backoff = Backoff(first=1, most=4)
    for _ in range(5):
        backoff.next()
    assert backoff.next() >= 2
    backoff.reset()
    assert backoff.next() <= 1


def test_it_is_known_when_waits_grow_no_more() -> None:
    backoff = Backoff(first=1, most=4)
    seen = [(backoff.next(), backoff.at_most)[1] for _ in range(3)]
    assert seen == [False, True, True]


def test_two_who_wait_for_one_server_do_not_come_back_at_one_moment() -> None:
    assert len({Backoff().next() for _ in range(10)}) > 1
