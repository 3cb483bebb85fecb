"""Ids are UUIDv7: unique, and sorted by the time they were made."""

import time

from shared.kit.ids import new_id


def test_ids_are_version_7_unique_and_near_now() -> None:
    made = [new_id() for _ in range(10_000)]
    assert len(set(made)) == len(made)
    assert {(id.version, id.variant) for id in made} == {(7, "specified in RFC 4122")}
    assert abs((made[-1].int >> 80) / 1000 - time.time()) < 5


def test_later_milliseconds_sort_later() -> None:
    first = new_id()
    while (second := new_id()).int >> 80 == first.int >> 80:
        continue
    assert second > first
