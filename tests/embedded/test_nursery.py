"""The nursery forks services that behave as if each had been started alone."""

import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.embedded.workers import Nursery

PROBE = """
import json, os, sys, threading
print(json.dumps({
    "argv": sys.argv, "name": __name__, "env": dict(os.environ), "session": os.getsid(0) == os.getpid(),
    "threads": len(os.listdir("/proc/self/task")),
    "services": [name for name in sys.modules if name.startswith("services.")],
    "kit": "shared.kit.service" in sys.modules, "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[:-1],
}))
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
async def nursery(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    folder = tmp_path_factory.mktemp("nursery")
    (folder / "probe_of_tests.py").write_text(PROBE)
    (folder / "sleeper_of_tests.py").write_text("import signal\nsignal.pause()\n")
    found = Nursery(folder / "nursery.log", extra_path=folder)
    await found.start()
    yield found
    await found.stop()


async def test_a_fork_runs_the_module_as_main_in_its_own_environment_and_session(
    nursery: Nursery, tmp_path: Path
) -> None:
    log = tmp_path / "probe.log"
    worker = await nursery.spawn("probe_of_tests", ["7"], {"ONLY": "this"}, log)
    await worker.wait()
    assert worker.ended.result() == 7
    found = json.loads(log.read_text())
    assert found["argv"][1:] == ["7"]
    assert found["name"] == "__main__"
    assert found["env"] == {"ONLY": "this"}
    assert found["session"] is True


async def test_a_fork_starts_from_a_single_thread_with_the_kit_loaded_and_no_service(
    nursery: Nursery, tmp_path: Path
) -> None:
    log = tmp_path / "probe.log"
    worker = await nursery.spawn("probe_of_tests", ["0"], {}, log)
    await worker.wait()
    found = json.loads(log.read_text())
    assert found["threads"] == 1
    assert found["kit"] is True
    assert found["services"] == []
    assert found["fds"] == [0, 1, 2]


async def test_a_killed_worker_is_reported_with_its_signal(nursery: Nursery, tmp_path: Path) -> None:
    worker = await nursery.spawn("sleeper_of_tests", [], {}, tmp_path / "log")
    worker.signal(signal.SIGKILL)
    assert await worker.wait(10)
    assert worker.ended.result() == -signal.SIGKILL


async def test_when_the_nursery_is_killed_its_workers_end_and_the_next_request_starts_a_new_one(
    nursery: Nursery, tmp_path: Path
) -> None:
    worker = await nursery.spawn("sleeper_of_tests", [], {}, tmp_path / "log")
    assert nursery.child is not None
    os.kill(nursery.child.pid, signal.SIGKILL)
    assert await worker.wait(10)
    again = await nursery.spawn("sleeper_of_tests", [], {}, tmp_path / "log")
    assert again.pid != worker.pid
    await again.stop(5)
    assert again.ended.result() == -signal.SIGTERM
