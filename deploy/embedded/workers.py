"""The supervisor's side of the nursery: start a service's process, know when it ends, stop it."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from deploy.embedded.process import Child, StartFailed, start_child

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Worker:
    """One running process of a service. `ended` holds its exit code once it is gone (negative: the signal)."""

    pid: int
    ended: "asyncio.Future[int]"

    def signal(self, sig: signal.Signals) -> None:
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    async def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended within `seconds`; a cancelled wait leaves `ended` alone."""
        await asyncio.wait([self.ended], timeout=seconds)
        return self.ended.done()

    async def stop(self, deadline: float) -> None:
        """SIGTERM; SIGKILL after `deadline` seconds."""
        self.signal(signal.SIGTERM)
        if not await self.wait(deadline):
            self.signal(signal.SIGKILL)
            await self.wait(5)


@dataclass
class Nursery:
    """Forks workers from one warm process; started again by itself when that process is gone."""

    log: Path
    extra_path: Path | None = None
    child: Child | None = None
    _writer: asyncio.StreamWriter | None = None
    _reader: "asyncio.Task[None] | None" = None
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)
    _asked: dict[int, "asyncio.Future[int]"] = field(default_factory=dict)
    _workers: dict[int, Worker] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None:
        """Start the process; it imports in the background, requests wait in its socket."""
        ours, theirs = socket.socketpair()
        try:
            os.set_inheritable(theirs.fileno(), True)
            paths = [str(path) for path in (ROOT, self.extra_path) if path]
            # Few arenas: a service's threads are rare, and each arena keeps memory it has freed.
            env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "MALLOC_ARENA_MAX": "2"}
            command = [sys.executable, "-m", "deploy.embedded.nursery", str(theirs.fileno())]
            self.child = await start_child("nursery", command, log=self.log, env=env, pass_fds=(theirs.fileno(),))
        finally:
            theirs.close()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._reader = asyncio.create_task(self._listen(reader))

    async def spawn(self, module: str, args: Sequence[str], env: Mapping[str, str], log: Path) -> Worker:
        """Run `python -m module args` as a fork. Raises StartFailed when the nursery itself does not come up."""
        async with self._lock:
            if self.child is None or not self.child.running or self._writer is None:
                await self.start()
        assert self._writer is not None
        number = next(self._ids)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        request = {"id": number, "module": module, "args": list(args), "env": dict(env), "log": str(log)}
        self._writer.write(json.dumps(request).encode() + b"\n")
        pid = await asked
        return self._workers[pid]

    async def stop(self) -> None:
        """End it; workers still alive get SIGTERM from the kernel."""
        if self.child is not None:
            await self.child.stop(2)
        if self._reader is not None:
            await asyncio.wait([self._reader], timeout=2)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._heard(json.loads(line))
        finally:
            await self._lost()

    def _heard(self, message: dict[str, Any]) -> None:
        if "id" in message:
            pid = message["pid"]
            self._workers[pid] = Worker(pid, asyncio.get_running_loop().create_future())
            self._asked.pop(message["id"]).set_result(pid)
        elif worker := self._workers.pop(message["exited"], None):
            worker.ended.set_result(message["code"])

    async def _lost(self) -> None:
        """The nursery is gone and the kernel ends its children: wait for that before they are started anew."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        for asked in self._asked.values():
            asked.set_exception(StartFailed("the process that starts services ended"))
        workers, self._workers, self._asked = list(self._workers.values()), {}, {}
        for sig, tries in ((signal.SIGTERM, 100), (signal.SIGKILL, 40)):
            for worker in workers:
                worker.signal(sig)
            for _ in range(tries):
                if not any(alive(worker.pid) for worker in workers):
                    break
                await asyncio.sleep(0.05)
        for worker in workers:
            worker.ended.set_result(-signal.SIGTERM)


def alive(pid: int) -> bool:
    """Whether the pid is a process that still runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
