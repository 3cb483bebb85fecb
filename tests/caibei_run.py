"""`caibei run` as a person runs it: a process of its own, on a data folder of its own, on free ports."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.embedded.process import die_with_parent
from deploy.runtime import Runtime, load

ROOT = Path(__file__).parents[1]


def until(what: Callable[[], object], seconds: float = 30.0, about: Callable[[], str] = lambda: "") -> None:
    """Wait for a condition; fails with `about()` when it does not come true in time."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not true after {seconds} s\n{about()}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether this pid runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class CaibeiRun:
    """Started by `start`, ended by `stop` or `kill`; may be started again on the same folder."""

    def __init__(self, folder: Path, *options: str, env: dict[str, str] | None = None) -> None:
        self.folder, self.options, self.env = folder, options, env or {}
        self.output = folder.with_name(f"{folder.name}.out")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True) -> Runtime | None:
        """Start it; with `ready` wait until it says so and answer its runtime.json."""
        self.output.write_bytes(b"")
        command = [sys.executable, "-m", "deploy.cli.main", "run", "--data-dir", str(self.folder), *self.options]
        us = os.getpid()
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **self.env}, stdout=out, stderr=out, start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM, us),  # an interrupted test run tears nothing down
            )  # fmt: skip
        if not ready:
            return None
        until(lambda: "\nready in" in self.said() or not self.running, 90, self.said)
        assert self.running, self.said()
        return load(self.folder)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def runtime(self) -> Runtime:
        return load(self.folder)

    @property
    def pids(self) -> list[int]:
        """Of every process it says it started."""
        return [pid for group in self.runtime["pids"].values() for pid in group]

    def said(self) -> str:
        return self.output.read_text()

    def stop(self, sig: signal.Signals = signal.SIGTERM, seconds: float = 20.0) -> int:
        """Send the signal; answer the exit code."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(sig)
        return self.process.wait(seconds)


@contextlib.contextmanager
def caibei_run(folder: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[CaibeiRun]:
    """Not started yet; whatever still runs at the end is stopped."""
    run = CaibeiRun(folder, *options, env=env)
    try:
        yield run
    finally:
        if run.running:
            run.stop()
