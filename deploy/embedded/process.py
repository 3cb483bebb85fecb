"""A child process that cannot outlive us: started, watched, stopped by its id, and recognised when left behind."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.embedded.account import Account

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(sig: signal.Signals, parent: int) -> None:
    """Ask the kernel to send `sig` to this process when `parent` is gone. Runs in the child, after the user is changed:
    a change of credentials clears the setting."""
    _libc.prctl(PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
    if os.getppid() != parent:  # it died between fork and prctl
        os._exit(1)


def set_name(name: str) -> None:
    """The name that `top` and `ps -o comm` show for this process, at most 15 bytes."""
    _libc.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


class StartFailed(RuntimeError):
    """A server did not come up; the message ends with the last lines of its log."""


@dataclass(slots=True)
class Child:
    """A started server. `stop_signal` asks it to end cleanly; the kernel sends the same signal if we die first."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    stop_signal: signal.Signals
    pid_file: Path | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    async def stop(self, deadline: float, then: signal.Signals = signal.SIGKILL) -> None:
        """Send the stop signal; after `deadline` seconds send `then`, and 2 s later SIGKILL."""
        for sig, seconds in ((self.stop_signal, deadline), (then, 2.0), (signal.SIGKILL, None)):
            if not self.running:
                break
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(sig)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), seconds)
        if self.pid_file is not None:
            self.pid_file.unlink(missing_ok=True)

    async def until_ready(self, probe: Callable[[], object], seconds: float) -> None:
        """Call `probe` (sync or async) until it neither raises nor answers False.

        Raises StartFailed when the process ends first or `seconds` pass.
        """
        end = asyncio.get_running_loop().time() + seconds
        while True:
            if not self.running:
                raise StartFailed(f"{self.name} ended with code {self.process.returncode}\n{tail(self.log)}")
            with contextlib.suppress(Exception):
                answer = probe()
                if asyncio.iscoroutine(answer):
                    answer = await answer
                if answer is not False:
                    return
            if asyncio.get_running_loop().time() > end:
                raise StartFailed(f"{self.name} was not ready within {seconds:.0f} s\n{tail(self.log)}")
            await asyncio.sleep(0.02)


async def start_child(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    stop_signal: signal.Signals = signal.SIGTERM,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    pid_file: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> Child:
    """Start `command`, output to `log`, in its own session: Ctrl-C in a terminal reaches only the supervisor."""
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
            pass_fds=pass_fds,
            preexec_fn=lambda: die_with_parent(stop_signal, parent),
            **(account.popen() if account else {}),
        )
    if pid_file is not None:
        write_pid(pid_file, process.pid)
    return Child(name, process, log, stop_signal, pid_file)


async def run_to_end(
    command: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None, account: Account | None = None
) -> None:
    """Run a short command to its end; StartFailed with the log's last lines when it fails.

    Cancelled, it leaves nothing behind: what the command started itself (initdb's postgres) ends with it.
    """
    child = await start_child(Path(command[0]).name, command, log=log, env=env, account=account)
    try:
        code = await child.process.wait()
    except asyncio.CancelledError:
        await asyncio.shield(end_group(child.pid))
        await asyncio.shield(child.process.wait())
        raise
    if code:
        raise StartFailed(f"{child.name} ended with code {code}\n{tail(log)}")


async def end_group(leader: int, seconds: float = 3.0) -> None:
    """SIGKILL a session that we started and all in it; returns when none of them runs any more."""
    end = asyncio.get_running_loop().time() + seconds
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    while any(runs_in(process, leader) for process in psutil.process_iter()):
        if asyncio.get_running_loop().time() > end:
            return
        await asyncio.sleep(0.02)


def runs_in(process: psutil.Process, group: int) -> bool:
    """Whether the process is of that process group and not only waiting to be reaped."""
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error that a person reads."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def write_pid(pid_file: Path, pid: int) -> None:
    """Record the pid with the process's start time, which tells it from a later process with the same number."""
    with contextlib.suppress(psutil.NoSuchProcess):
        pid_file.write_text(json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()}))


def left_behind(pid_file: Path) -> psutil.Process | None:
    """The process that `pid_file` names, if it is still that very process; a stale file is removed."""
    try:
        record = json.loads(pid_file.read_text())
        process = psutil.Process(record["pid"])
        if abs(process.create_time() - record["started"]) < 0.05 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        pass
    pid_file.unlink(missing_ok=True)
    return None


def end_orphans(processes: Sequence[psutil.Process], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """End processes that a killed supervisor left: each signal in turn, with the seconds to wait after it."""
    alive = list(processes)
    for sig, seconds in signals:
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sig)
        alive = psutil.wait_procs(alive, timeout=seconds)[1]
        if not alive:
            return
