"""Whether a Docker engine answers. Where none does, the container suite is left out and the summary says so."""

import shutil
import subprocess
from functools import cache
from typing import Any

import pytest

MARKER = "containers"
LEFT_OUT = pytest.StashKey[int]()


@cache
def engine() -> str:
    """What keeps containers from being run here; empty when nothing does."""
    if shutil.which("docker") is None:
        return "there is no `docker` command on this machine"
    for command in (["version", "--format", "{{.Server.Version}}"], ["compose", "version", "--short"]):
        try:
            answer = subprocess.run(["docker", *command], capture_output=True, text=True, timeout=20)
        except subprocess.TimeoutExpired:
            return f"`docker {command[0]}` did not answer within 20 s"
        if answer.returncode:
            said = answer.stderr.strip().splitlines() or ["no reason given"]
            return f"`docker {command[0]}`: {said[-1]}"
    return ""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs an engine where there is none."""
    needing = [item for item in items if item.get_closest_marker(MARKER)]
    if needing and engine():
        config.stash[LEFT_OUT] = len(needing)
        items[:] = [item for item in items if item not in needing]
        config.hook.pytest_deselected(items=needing)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say so, and why, at the end where it is read. With pytest-xdist only the workers collect: then ask again."""
    left_out = config.stash.get(LEFT_OUT, None)
    if left_out is None and (not getattr(config.option, "numprocesses", None) or not engine()):
        return
    tests = f"{left_out} tests" if left_out else "its tests"
    terminalreporter.section("containers", sep="-")
    terminalreporter.line(f"no Docker engine: container suite not run ({tests}): {engine()}")
