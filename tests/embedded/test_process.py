"""Child processes: what we start never outlives us, nor what it started itself."""

import asyncio
import contextlib
from pathlib import Path

import psutil
import pytest

from deploy.embedded.process import StartFailed, run_to_end
from tests.caibei_run import until


def alive_in(folder: Path) -> list[int]:
    """Processes whose command line names something in `folder`."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(folder) in " ".join(process.cmdline()):
                found.append(process.pid)
    return found


async def test_a_cancelled_command_leaves_neither_itself_nor_what_it_started(tmp_path: Path) -> None:
    script = tmp_path / "stubborn.sh"
    script.write_text("trap '' TERM\n(trap '' TERM; while :; do sleep 0.1; done) &\ntouch $1/started\nwait\n")
    work = asyncio.create_task(run_to_end(["/bin/sh", script, tmp_path], log=tmp_path / "log"))
    await asyncio.to_thread(until, (tmp_path / "started").exists, 10)
    assert len(alive_in(tmp_path)) == 2
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert alive_in(tmp_path) == []


async def test_a_command_that_fails_tells_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="code 3\nno room left"):
        await run_to_end(["/bin/sh", "-c", "echo no room left; exit 3"], log=tmp_path / "log")
