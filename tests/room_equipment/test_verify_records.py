"""`caibei verify-records` as an ops engineer runs it, and an older installation whose record is taken over."""

import asyncio
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import asyncpg

from deploy.cli.verify_records import verified
from services.room_equipment.domain.load import load_of
from shared.kit.ids import new_id
from shared.kit.migrations import upgrade
from tests.caibei_run import ROOT
from tests.conftest import MakeDatabase
from tests.room_equipment.spa import Spa

EACH = """
import json, sys
from typer.testing import CliRunner
from deploy.cli.main import app
answers = [CliRunner().invoke(app, ["verify-records", *arguments]) for arguments in json.loads(sys.argv[1])]
print(json.dumps([[answer.exit_code, answer.stdout, answer.stderr] for answer in answers]))
"""
Answer = tuple[int, str, str]


async def caibei(spa: Spa, *runs: tuple[str, ...]) -> list[Answer]:
    """What each run ends with, prints, and says on stderr. In one process: most of a run is its imports."""
    command = [sys.executable, "-c", EACH, json.dumps(runs)]
    env = {**os.environ, "CAIBEI_ROOM_EQUIPMENT_MIGRATION_URL": spa.database.owner_url}
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return [(code, out, err) for code, out, err in json.loads(done.stdout)]


async def test_the_command_ends_with_0_while_the_record_holds_and_names_what_does_not(spa: Spa, tmp_path: Path) -> None:
    _, bar = await spa.cleared_room()
    recorded = (await spa.inspect(bar)).json()
    branch = ("--branch", str(spa.branch_id))
    whole, told = await caibei(spa, branch, (*branch, "--json"))
    assert whole == (0, "the safety record holds: 3 entries in 1 chains\n", "")
    kept = tmp_path / "kept.json"
    kept.write_text(told[1])
    (held,) = await caibei(spa, (*branch, "--against", str(kept), "--anchor", recorded["record_hash"]))
    assert held[0] == 0, held
    await spa.as_superuser("UPDATE inspections SET result = 'fail', certified_until = NULL WHERE id = $1",
                           recorded["id"])  # fmt: skip
    broken, told, unknown = await caibei(spa, branch, (*branch, "--json"), (*branch, "--anchor", "00" * 32))
    assert broken[0] == 1 and "does NOT hold" in broken[1]
    assert "record_changed" in broken[1] and recorded["id"] in broken[1]
    (fault,) = json.loads(told[1])["faults"]
    assert json.loads(told[1])["ok"] is False and (fault["record"], fault["id"], fault["sequence"]) == (
        "inspections", recorded["id"], 3
    )  # fmt: skip
    assert unknown[0] == 1 and "anchor_unknown" in unknown[1]


async def test_what_cannot_be_asked_is_said_in_one_line(spa: Spa, tmp_path: Path) -> None:
    nowhere = ("--branch", str(new_id()))
    wrong = (nowhere, ("--branch", "x"), ("--anchor", "xyz"), ("--against", str(tmp_path / "no.json")))
    for code, _, said in await caibei(spa, *wrong):
        assert code == 2 and len(said.splitlines()) == 1, said


BEFORE = """
INSERT INTO rooms (id, branch_id, code, name, turnover_minutes) VALUES ($1, $2, 'R', 'R', 15);
INSERT INTO bars (id, branch_id, room_id, serial, rated_load_kg, installed_on, installed_by, mounting, unproven_since)
    VALUES ($3, $2, $1, 'S', 300, now(), '', 'ceiling', now());
INSERT INTO lockouts (id, bar_id, branch_id, room_id, cause, reason, opened_at, opened_by)
    VALUES ($4, $3, $2, $1, 'report', 'bent', now() + interval '1 second', 'x');
INSERT INTO work_orders (id, bar_id, branch_id, lockout_id, title, opened_at)
    VALUES ($5, $3, $2, $4, 'bent', now() + interval '1 second');
INSERT INTO work_order_log (id, work_order_id, by_subject, entry, parts, at)
    VALUES ($6, $5, 'x', 'looked', '["M8"]', now() + interval '2 seconds');
"""


async def test_the_record_of_an_older_installation_is_taken_over(database: MakeDatabase) -> None:
    old = database("room_equipment", migrated=False)
    await asyncio.to_thread(upgrade, "room_equipment", old.owner_url, "20261124_safety_core")
    room, branch, bar, lockout, order, line = (new_id() for _ in range(6))
    owner = await asyncpg.connect(old.owner_url)
    try:
        for statement in BEFORE.split(";")[:-1]:
            used = [f"${n}" for n in range(1, 7) if f"${n}" in statement]
            ids = dict(zip([f"${n}" for n in range(1, 7)], (room, branch, bar, lockout, order, line), strict=True))
            for name in used:
                statement = statement.replace(name, f"'{ids[name]}'")
            await owner.execute(statement)
        # 61.02 kg and 58.5 kg at factor 2, as the release before stored them.
        for mass, load in (("61.0", "122.1"), ("58.5", "117.0")):
            await owner.execute(
                "INSERT INTO load_profiles VALUES ($1, 1, $2, $3, now(), now() + interval '1 year', 'valid')",
                new_id(), Decimal(mass), Decimal(load),
            )  # fmt: skip
        await asyncio.to_thread(upgrade, "room_equipment", old.owner_url)
        found = await verified(old.owner_url, None, {}, frozenset(), lambda done, total: None)
        assert found["ok"] and (found["entries"], found["chains"]) == (4, 1)
        rows = await owner.fetch("SELECT record, change FROM record_entries ORDER BY sequence")
        assert [tuple(row) for row in rows] == [
            (table, "taken over") for table in ("bars", "lockouts", "work_orders", "work_order_log")
        ]
        for row in await owner.fetch("SELECT mass_kg, load_kg FROM load_profiles"):
            assert load_of(row["mass_kg"], Decimal(2)) == row["load_kg"]
        await owner.execute("UPDATE work_order_log SET entry = 'never'")
    finally:
        await owner.close()
    found = await verified(old.owner_url, None, {}, frozenset(), lambda done, total: None)
    assert [(f["problem"], f["record"], f["sequence"]) for f in found["faults"]] == [
        ("record_changed", "work_order_log", 4)
    ]
