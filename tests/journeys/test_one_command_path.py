"""What the API refuses, an import refuses with the same code: both ask by the same public path."""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.caibei_run import ROOT
from tests.journeys.chain import Chain, at, code
from tests.journeys.system import Whole

CHAIN = """
branches: [{code: X, name: Hafen, timezone: Etc/UTC, opening_hours: mon-sun 00:00-24:00}]
treatments:
  - {code: X-step, name: Step, duration_minutes: 60, skill: back-stepping, equipment: [balancing_bar],
     screening_protocol: back-stepping}
  - {code: X-rub, name: Rub, duration_minutes: 60, skill: back-stepping, screening_protocol: massage}
therapists: [{code: X-T, name: Ole, branches: [X], skills: {back-stepping: +1y}}]
load_profiles: [{therapist: X-T, mass_kg: 60, measured_on: -1d}]
shifts: [{therapist: X-T, branch: X, starts: today 08:00, ends: "20:00", repeat: FREQ=DAILY}]
rooms: [{branch: X, code: 1, name: Kai}]
bars: [{branch: X, room: 1, serial: X-B, rated_load_kg: 200, installed_on: -1y, installed_by: x, mounting: ceiling}]
clients: [{code: X-A, name: Uwe, branches: [X]}, {code: X-B, name: Ina, branches: [X]}]
screenings: [{client: X-B, protocol: back-stepping, otherwise: no, advisory_acknowledged: yes}]
appointments:
  - {branch: X, treatment: X-step, client: X-B, starts: +2d 21:00}
  - {branch: X, treatment: X-rub, client: X-A, starts: +2d 10:00}
  - {branch: X, treatment: X-step, client: X-B, starts: +2d 14:00}
"""
REFUSED = {"21:00": "therapist_unavailable", "10:00": "screening_required", "14:00": "no_certified_room"}


async def imported(whole: Whole, file: Path) -> Any:
    """The import's report, by the command a person would give."""
    command = (sys.executable, "-m", "deploy.cli.main", "import", str(file), "--data-dir", str(whole.folder), "--json")
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(child.communicate(), 120)
    return json.loads(said)


async def test_what_the_api_refuses_an_import_refuses_with_the_same_code(
    chain: Chain, whole: Whole, tmp_path: Path
) -> None:
    prefix = code("h")
    file = tmp_path / "chain.yaml"
    file.write_text(re.sub(r"\bX\b", prefix, CHAIN))
    report = await imported(whole, file)
    said = {fault["line"]: fault["problem"] for fault in report["failed"]}
    lines = CHAIN.splitlines()
    for line, problem in said.items():
        hour = next(hour for hour in REFUSED if hour in lines[line - 1])
        assert REFUSED[hour] in problem
    assert len(said) == len(REFUSED)

    async def id_of(noun: str, code: str) -> str:
        return str((await chain.desk.get("scheduling", f"/v1/{noun}", code=code))["items"][0]["id"])

    branch = await id_of("branches", prefix)
    asked = {"10:00": ("A", "rub"), "14:00": ("B", "step"), "21:00": ("B", "step")}
    for hour, refusal in REFUSED.items():
        client, treatment = asked[hour]
        wish = {
            "branch_id": branch, "treatment_id": await id_of("treatments", f"{prefix}-{treatment}"),
            "client_id": await id_of("clients", f"{prefix}-{client}"),
            "starts_at": at(2, int(hour[:2])).isoformat(),
        }  # fmt: skip
        headers = {"Prefer": "wait=20"}
        for path in ("/v1/appointments", "/v1/holds"):
            answer = await chain.desk.post("scheduling", path, wish, headers=headers)
            if path == "/v1/holds" and answer.status_code == 201:  # a hold asks nobody else; its confirmation does
                path = f"/v1/holds/{answer.json()['id']}/confirm"
                answer = await chain.desk.post("scheduling", path, {}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (409, refusal), path
