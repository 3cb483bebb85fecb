"""Ports: well-known where they are free, free ones where not, and exactly the named ones when they are named."""

import os
import socket
from collections.abc import Iterator

import pytest

from deploy.embedded import ports
from deploy.embedded.portplan import OFFSETS, moved, plan


@pytest.fixture
def taken() -> Iterator[int]:
    """A port some other program (this one) listens on."""
    with socket.socket() as sock:
        sock.bind((ports.LOOPBACK, 0))
        sock.listen()
        yield sock.getsockname()[1]


def test_a_named_port_that_is_taken_is_refused_with_its_holder(taken: int) -> None:
    with pytest.raises(ports.PortTaken, match=rf"port {taken} for console is held by process {os.getpid()} \(.*python"):
        plan(taken, {})


def test_a_well_known_port_that_is_taken_is_replaced_and_the_holder_is_told(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.embedded.portplan.DEFAULT_BASE", taken)
    found = plan(None, {})
    assert found["console"] != taken
    assert any(f"{taken} is held by process" in line for line in moved(found))


def test_zero_takes_different_free_ports() -> None:
    found = plan(0, {})
    assert len(set(found.values())) == len(found)
    assert all(ports.free(port) for port in found.values())


def test_the_servers_keep_the_ports_they_had_unless_another_took_them(taken: int) -> None:
    kept, lost = ports.pick()[0], taken
    found = plan(0, {"kafka": kept, "postgres": lost})
    assert found["kafka"] == kept
    assert found["postgres"] != lost


def test_a_base_without_room_for_all_is_refused() -> None:
    with pytest.raises(ports.PortTaken, match="65536"):
        plan(65533, {})


def test_the_well_known_ports_are_those_of_the_contract() -> None:
    assert OFFSETS == {
        "console": 0, "scheduling": 1, "screening": 2, "room_equipment": 3, "notification": 4, "identity": 5,
    }  # fmt: skip
