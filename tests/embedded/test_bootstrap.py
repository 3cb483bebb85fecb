"""What a person reads when this machine lacks something that `make run` needs; checked before anything is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.caibei_run import ROOT

# A Python that answers as an older one, or as one without a module, and otherwise is this one.
STUB = """#!/bin/sh
case $2 in
  *sys.exit*version_info*) exit {too_old} ;;
  *print*version_info*) echo {version} ;;
  *ensurepip*) exit {no_venv} ;;
  *) exec {python} "$@" ;;
esac
"""


def bootstrap(folder: Path, *, too_old: bool = False, no_venv: bool = False, free_kb: int | None = None) -> str:
    """Run deploy/bootstrap with such a Python; answers what it says on its way to failing."""
    version = "3.9" if too_old else "3.12"
    python = folder / "python3"
    text = STUB.format(too_old=int(too_old), no_venv=int(no_venv), version=version, python=sys.executable)
    python.write_text(text)
    python.chmod(0o755)
    if free_kb is not None:
        df = folder / "df"
        df.write_text(f"#!/bin/sh\necho header\necho disk 100 50 {free_kb} 50% /\n")
        df.chmod(0o755)
    env = {**os.environ, "PYTHON": str(python), "PATH": f"{folder}:{os.environ['PATH']}"}
    answer = subprocess.run(
        ["sh", str(ROOT / "deploy" / "bootstrap"), str(folder / "venv")],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert not (folder / "venv").exists()
    return answer.stderr


def test_a_missing_venv_module_is_named_with_the_package_to_install(tmp_path: Path) -> None:
    assert "apt-get install python3.12-venv" in bootstrap(tmp_path, no_venv=True)


def test_an_older_python_is_named_with_what_is_needed(tmp_path: Path) -> None:
    said = bootstrap(tmp_path, too_old=True)
    assert "Python 3.11 or newer" in said
    assert "3.9" in said


def test_a_full_disk_is_named_with_how_much_is_free(tmp_path: Path) -> None:
    assert "1.5 GB of disk here, and 97 MB are free" in bootstrap(tmp_path, free_kb=100_000)


@pytest.mark.parametrize("target", ["run", "test", "lint", "fmt", "bench", "chaos", "docs"])
def test_make_alone_lists_every_target_of_the_contract(target: str) -> None:
    make = shutil.which("make")
    assert make is not None
    listed = subprocess.run([make, "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"make {target} " in listed


def test_the_lock_names_no_index_and_every_file_by_its_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    requirements = [block for block in lock.split("\n") if block and not block.startswith((" ", "#"))]
    assert all(line.endswith("\\") for line in requirements)
    assert lock.count("--hash=sha256:") >= len(requirements)
