"""The first `caibei run` on a folder brings the demo chain; a later one finds it and does not bring it again."""

import json
import urllib.request
from pathlib import Path

from tests.caibei_run import caibei_run
from tests.cli.test_main import caibei


def appointments(folder: Path) -> int:
    """How many bookings the API lists on one page, asked as the executable's own user would."""
    runtime = json.loads((folder / "runtime.json").read_text())
    token = caibei("token", CAIBEI_DATA_DIR=str(folder)).stdout.strip()
    url = f"{runtime['services']['scheduling']}/v1/appointments?limit=200"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return len(json.load(answer)["items"])


def test_the_first_start_imports_the_demo_chain_and_the_second_only_starts(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with caibei_run(folder, "--port-base", "0") as run:
        runtime = run.start()
        assert runtime is not None
        assert set(runtime["services"]) == {
            "scheduling", "screening", "room_equipment", "notification", "identity", "console",
        }  # fmt: skip
        assert "importing the demo chain" in run.said()
        booked = appointments(folder)
        assert booked > 100
        assert run.stop() == 0

        run.start()
        assert "importing" not in run.said()
        assert appointments(folder) == booked
