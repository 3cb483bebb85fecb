"""The integration fixtures on Testcontainers: the same tests, on the public images instead of the embedded servers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
# The safety core's constraints, and the kit's messages on a real broker.
SUBSET = [
    "tests/embedded/test_fixtures.py",
    "tests/room_equipment/test_safety_core.py",
    "tests/shared/kit/test_messaging.py",
]


def test_the_fixtures_and_a_subset_of_the_tests_pass_on_the_public_images() -> None:
    environment = os.environ | {"CAIBEI_TEST_BACKEND": "containers", "TESTCONTAINERS_RYUK_DISABLED": "true"}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUBSET],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout
