"""Processes of services that a killed supervisor left: found by pid and start time, and ended before new ones start.

The kernel has already sent them SIGTERM; what is still shutting down must not hold a port or a lease of the new run.
"""

import contextlib
import json
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

from deploy.embedded.process import end_orphans
from deploy.runtime import write_private


def record(folder: Path, pids: Iterable[int]) -> None:
    """Write down who runs now."""
    known = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            known.append({"pid": pid, "started": psutil.Process(pid).create_time()})
    write_private(folder / "processes.json", json.dumps(known))


def end_leftovers(folder: Path) -> int:
    """End those of an earlier run that are still there; answers how many there were."""
    file = folder / "processes.json"
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        return 0
    found = []
    for entry in known:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(entry["pid"])
            if abs(process.create_time() - entry["started"]) < 0.05:
                found.append(process)
    end_orphans(found, ((signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0)))
    file.unlink(missing_ok=True)
    return len(found)
