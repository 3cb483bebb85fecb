"""The whole system, started as a newcomer starts it: how long until it is ready, what it costs at rest."""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.report import Results


@dataclass(frozen=True)
class Running:
    """A system that says it is ready. `started_s` is what that took."""

    runtime: dict[str, Any]
    started_s: float

    def url(self, service: str) -> str:
        return str(self.runtime["services"][service])

    def processes(self) -> list[psutil.Process]:
        """Every process of the system: the supervisor and all below it."""
        supervisor = psutil.Process(self.runtime["pid"])
        return [supervisor, *supervisor.children(recursive=True)]


@asynccontextmanager
async def running(folder: Path, *, workers: int = 0) -> AsyncIterator[Running]:
    """`caibei run --empty` on `folder`, stopped at the end."""
    command = [sys.executable, "-m", "deploy.cli.main", "run", "--empty", "--data-dir", str(folder), "--port-base", "0"]
    if workers:
        command += ["--workers", str(workers)]
    (folder / "runtime.json").unlink(missing_ok=True)
    started = time.perf_counter()
    log = (folder.parent / "bench-run.log").open("ab")
    process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, start_new_session=True)
    try:
        async with asyncio.timeout(120):
            while not (folder / "runtime.json").exists():
                if process.returncode is not None:
                    raise RuntimeError(f"caibei run ended:\n{(folder.parent / 'bench-run.log').read_text()[-3000:]}")
                await asyncio.sleep(0.01)
        took = time.perf_counter() - started
        yield Running(json.loads((folder / "runtime.json").read_text()), took)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()
        log.close()


@asynccontextmanager
async def fresh_folder() -> AsyncIterator[Path]:
    """An empty data folder, thrown away at the end."""
    with tempfile.TemporaryDirectory(prefix="caibei-bench-") as name:
        Path(name).chmod(0o711)
        folder = Path(name) / "data"
        folder.mkdir(mode=0o711)
        yield folder


async def measure_starts(results: Results, runs: int) -> None:
    """Cold: an empty data folder with all packages installed. Warm: the same folder again."""
    cold, warm = [], []
    for _ in range(runs):
        async with fresh_folder() as folder:
            async with running(folder) as system:
                cold.append(system.started_s)
            async with running(folder) as system:
                warm.append(system.started_s)
    results.add(
        "cold_ready_s", cold, "s", "empty data folder to `ready`: initdb, migrations, topics; packages installed"
    )
    results.add("warm_ready_s", warm, "s", "the same data folder again, to `ready`")


async def measure_rest(results: Results, system: Running, runs: int) -> None:
    """Memory and processor time of the whole system while nobody asks it anything."""
    await asyncio.sleep(10)
    memory, busy = [], []
    for _ in range(runs):
        before, at = cpu_seconds(system.processes()), time.perf_counter()
        await asyncio.sleep(8)
        busy.append((cpu_seconds(system.processes()) - before) / (time.perf_counter() - at) * 100)
        memory.append(sum(pss_mb(process.pid) for process in system.processes()))
    results.add(
        "pss_total_mb", memory, "MB", "PSS of all processes summed, PostgreSQL, Kafka and the supervisor included"
    )
    results.add("idle_cpu_pct", busy, "% of one core", "the same processes over 8 s at rest")


def cpu_seconds(processes: list[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def pss_mb(pid: int) -> float:
    """Proportional set size: what is shared counts once, in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
