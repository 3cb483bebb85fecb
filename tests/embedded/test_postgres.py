"""PostgreSQL as a child process: it keeps its data through every end, and starts whatever is in the way."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.embedded.postgres import Postgres
from tests.caibei_run import ROOT, is_alive, until


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[Postgres]:
    """A server with full durability, in a private folder that its lent uid cannot reach by itself."""
    tmp_path.chmod(0o700)
    server = Postgres(tmp_path / "data" / "postgres", "secret", tmp_path / "postgres.log")
    await server.start()
    yield server
    await server.stop()


def again(server: Postgres) -> Postgres:
    """Another supervisor's view of the same folder."""
    return Postgres(server.folder, server.password, server.log)


async def query(server: Postgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_what_was_committed_is_there_after_a_kill_minus_9(postgres: Postgres) -> None:
    await query(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert postgres.child is not None
    os.kill(postgres.child.pid, signal.SIGKILL)
    await postgres.child.process.wait()
    await postgres.start()
    assert await query(postgres, "SELECT answer FROM kept") == 42


async def test_a_pid_file_that_names_another_program_does_not_stop_the_start(postgres: Postgres) -> None:
    await postgres.stop()
    pid_file = postgres.folder.resolve() / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{postgres.folder.resolve()}\n0\n{postgres.port}\n\n127.0.0.1\n")
    await postgres.start()
    assert await query(postgres, "SELECT 1") == 1
    assert psutil.pid_exists(os.getpid())


async def test_a_server_that_a_killed_supervisor_left_is_ended_before_a_new_one_starts(postgres: Postgres) -> None:
    assert postgres.child is not None
    left = psutil.Process(postgres.child.pid)
    newcomer = again(postgres)
    await newcomer.start()
    try:
        assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
        assert await query(newcomer, "SELECT 1") == 1
    finally:
        await newcomer.stop()


async def test_a_first_start_cut_off_in_the_middle_begins_again(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    (folder / "new" / "base").mkdir(parents=True)
    (folder / "base").mkdir()
    server = Postgres(folder, "secret", tmp_path / "postgres.log")
    await server.start()
    try:
        assert await query(server, "SELECT 1") == 1
    finally:
        await server.stop()


async def test_a_data_folder_that_was_removed_and_begun_again_starts_empty_with_its_new_password(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o700)
    for password in ("first", "second"):
        server = Postgres(tmp_path / "data" / "postgres", password, tmp_path / "postgres.log")
        await server.start()
        try:
            await query(server, "CREATE TABLE mine ()")
        finally:
            await server.stop()
        shutil.rmtree(tmp_path / "data")


async def test_an_acknowledged_commit_is_on_the_disk(postgres: Postgres) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert await query(postgres, f"SHOW {setting}") == "on", setting


async def test_it_never_runs_as_root_and_others_cannot_read_its_data(postgres: Postgres) -> None:
    assert postgres.child is not None
    assert psutil.Process(postgres.child.pid).uids().real != 0
    assert postgres.folder.stat().st_mode & 0o077 == 0


async def test_the_password_is_needed_even_from_this_machine(postgres: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url.replace("secret", "guess"))


ABANDON = """
import asyncio, os, signal, sys
from pathlib import Path
from deploy.embedded.postgres import Postgres

async def main():
    server = Postgres(Path(sys.argv[1]) / "postgres", "secret", Path(sys.argv[1]) / "log", throwaway=True)
    await server.start()
    print(server.child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_the_kernel_ends_it_when_its_supervisor_is_gone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ABANDON, str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=False)
    assert ended.returncode == -signal.SIGKILL
    until(lambda: not is_alive(int(ended.stdout)), 15)
