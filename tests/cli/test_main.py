"""The executable: one table of commands, each loaded when it is called."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli.main import COMMANDS, load
from tests.caibei_run import ROOT

PROMISED = {
    "run", "import", "doctor", "migrate", "topics", "clients", "token", "dead-letters", "outbox", "lag", "erase",
    "demo", "status", "verify-records", "export", "erasures", "retention", "keys", "timezones",
}  # fmt: skip
HEAVY = ("sqlalchemy", "fastapi", "aiokafka", "asyncpg", "httpx", "pydantic", "yaml", "asyncio")


def caibei(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    command = [sys.executable, "-m", "deploy.cli.main", *arguments]
    wide = {**os.environ, "COLUMNS": "200", **env}
    return subprocess.run(command, cwd=ROOT, env=wide, capture_output=True, text=True, timeout=60, check=False)


def test_help_lists_every_command_of_the_contract_and_loads_none() -> None:
    answer = caibei("--help")
    assert answer.returncode == 0
    assert all(f" {name} " in answer.stdout for name in PROMISED), answer.stdout
    probe = (
        "import sys; from deploy.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    listed = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(listed.stderr))
    assert not loaded.intersection(HEAVY)
    assert not {module for module, _ in COMMANDS.values()} & loaded


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    assert load(name).help


def test_a_command_that_does_not_exist_is_refused_with_the_nearest_one() -> None:
    answer = caibei("statsu")
    assert answer.returncode == 2
    assert "Did you mean 'status'" in answer.stderr


@pytest.mark.parametrize("command", ["status", "outbox", "lag", "topics", "clients list", "dead-letters list", "token"])
def test_without_a_running_system_a_command_says_how_to_start_one(command: str, tmp_path: Path) -> None:
    answer = caibei(*command.split(), CAIBEI_DATA_DIR=str(tmp_path))
    assert answer.returncode == 3
    assert "make run" in answer.stderr


def test_a_runtime_json_that_a_killed_system_left_is_not_believed(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (tmp_path / "runtime.json").write_text(json.dumps({"pid": int(gone.stdout)}))
    answer = caibei("status", CAIBEI_DATA_DIR=str(tmp_path))
    assert answer.returncode == 3
    assert "not running any more" in answer.stderr
