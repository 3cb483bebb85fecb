"""`caibei run` itself: it says when all is ready, keeps it running, leaves nothing behind, and survives its own death.

Run with identity and screening only: one service without consumers and one with. The journeys run all of them.
"""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.runtime import Runtime
from tests.caibei_run import CaibeiRun, caibei_run, is_alive, until

FEW = ("--only", "identity,screening", "--port-base", "0", "--empty")


def answers(url: str) -> bool:
    """Whether the service at `url` is ready, its dependencies included."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except OSError:
        return False


def token(runtime: Runtime) -> str:
    client = runtime["api_clients"]["admin"]
    form = f"grant_type=client_credentials&client_id={client['client_id']}&client_secret={client['client_secret']}"
    request = urllib.request.Request(f"{runtime['services']['identity']}/oauth/token", form.encode())
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(json.load(answer)["access_token"])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaibeiRun]:
    """A running system, for tests that leave it running."""
    folder = tmp_path_factory.mktemp("system")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)  # so that what root lends PostgreSQL lies in the folder, and goes with it
    with caibei_run(folder / "data", *FEW) as started:
        started.start()
        yield started


def test_runtime_json_says_where_everything_is_and_how_to_sign_in(run: CaibeiRun) -> None:
    runtime = run.runtime
    assert run.process is not None
    assert runtime["pid"] == run.process.pid
    assert all(answers(url) for url in runtime["services"].values())
    assert all(is_alive(pid) for pid in run.pids)
    assert set(runtime["pids"]) == {"identity", "screening", "kafka", "postgres"}
    assert set(runtime["api_clients"]) == {"admin", "partner", "auditor"}
    assert token(runtime).count(".") == 2
    assert (run.folder / "runtime.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["screening", "postgres", "kafka"])
def test_a_process_that_dies_is_started_again_and_its_new_pid_is_told(run: CaibeiRun, name: str) -> None:
    before = run.runtime["pids"][name]
    os.kill(before[0], signal.SIGKILL)
    until(lambda: (now := run.runtime["pids"][name]) and now != before and all(map(is_alive, now)), 30, run.said)
    until(lambda: all(answers(url) for url in run.runtime["services"].values()), 30, run.said)
    assert run.running
    assert "SIGKILL" in run.said()


def test_a_second_run_on_the_same_folder_is_refused_with_the_pid_of_the_first(run: CaibeiRun) -> None:
    second = CaibeiRun(run.folder, *FEW)
    second.output = run.folder.with_name("second.out")
    second.start(ready=False)
    assert second.process is not None
    assert second.process.wait(30) == 1
    assert f"in use by process {run.runtime['pid']}" in second.said()
    assert run.running


def test_a_named_port_that_is_taken_ends_the_run_with_the_holders_name(run: CaibeiRun, tmp_path: Path) -> None:
    taken = run.runtime["services"]["identity"].rsplit(":", 1)[1]
    with caibei_run(tmp_path / "data", "--port-base", taken, "--empty") as other:
        other.start(ready=False)
        assert other.process is not None
        assert other.process.wait(30) == 1
        assert f"port {taken} for console is held by process {run.runtime['pids']['identity'][0]}" in other.said()


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_and_leaves_no_process_and_no_runtime_json(
    run: CaibeiRun, sig: signal.Signals
) -> None:
    if not run.running:
        run.start()
    pids = run.pids
    assert run.stop(sig, seconds=15) == 0
    assert not [pid for pid in pids if is_alive(pid)]
    assert not (run.folder / "runtime.json").exists()


def test_it_stops_within_fifteen_seconds_while_the_broker_hangs(run: CaibeiRun) -> None:
    if not run.running:
        run.start()
    pids = run.pids
    (broker,) = run.runtime["pids"]["kafka"]
    os.kill(broker, signal.SIGSTOP)
    assert run.stop(seconds=15) == 0
    assert not [pid for pid in pids if is_alive(pid)]


async def test_after_a_kill_minus_9_of_everything_that_watches_the_next_start_finds_the_data(run: CaibeiRun) -> None:
    if not run.running:
        run.start()
    url, pids, clients = run.runtime["databases"]["identity"], run.pids, run.runtime["api_clients"]
    connection = await asyncpg.connect(url)
    before = await connection.fetchval("SELECT count(*) FROM outbox")
    connection.terminate()
    run.stop(signal.SIGKILL)
    until(lambda: not [pid for pid in pids if is_alive(pid)], 20)
    assert (run.folder / "runtime.json").exists(), "a killed one cannot tidy up; the next must not trust it"

    runtime = run.start()
    assert runtime is not None
    assert runtime["api_clients"] == clients
    assert token(runtime)
    connection = await asyncpg.connect(runtime["databases"]["identity"])
    assert await connection.fetchval("SELECT count(*) FROM outbox") >= before
    await connection.close()


def test_workers_split_each_service_into_one_api_and_n_processes_for_messages(tmp_path: Path) -> None:
    with caibei_run(tmp_path / "data", *FEW, "--workers", "2") as run:
        runtime = run.start()
        assert runtime is not None
        assert [len(runtime["pids"][name]) for name in ("identity", "screening")] == [3, 3]
        assert all(answers(url) for url in runtime["services"].values())


def test_a_signal_during_the_start_ends_it_without_leaving_a_process(tmp_path: Path) -> None:
    with caibei_run(tmp_path / "data", *FEW) as run:
        run.start(ready=False)
        until(lambda: (tmp_path / "data" / "logs" / "kafka.log").exists(), 30, run.said)
        assert run.stop(signal.SIGINT, seconds=15) == 0
    left = [process.pid for process in psutil.process_iter(["cmdline"]) if named_in(process, tmp_path)]
    assert left == []


def named_in(process: psutil.Process, folder: Path) -> bool:
    """Whether the command line of a process names something in `folder`."""
    return str(folder) in " ".join(process.info["cmdline"] or [])
