"""A person's data through the commands: handed over, erased with proof, and erased again after a restore."""

import asyncio
import json
import zipfile
from pathlib import Path
from typing import Any

from tests.cli.test_main import caibei
from tests.journeys.chain import Chain
from tests.journeys.evidence import read_topics
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole

NAME, EMAIL = "Personne Canarydata", "personne.canary@example.com"
SERVICES = ["scheduling", "screening", "room-equipment", "notification"]


async def command(whole: Whole, *arguments: str, code: int = 0) -> Any:
    """What a command prints with --json."""
    answer = await asyncio.to_thread(caibei, *arguments, "--json", CAIBEI_DATA_DIR=str(whole.folder))
    assert answer.returncode == code, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


async def somebody(chain: Chain, whole: Whole) -> str:
    """A client who is screened, booked and written to."""
    spa = await chain.spa(therapists=1)
    spa.client = await chain.client(spa.branch, name=NAME, email=EMAIL)
    await spa.book(notes="canary note")
    await mails_to(whole, EMAIL)
    return str(spa.client["id"])


async def test_a_person_gets_everything_every_service_keeps_in_one_file(
    chain: Chain, whole: Whole, tmp_path: Path
) -> None:
    client_id, out = await somebody(chain, whole), tmp_path / "personne.zip"
    rows = await command(whole, "export", client_id, "--out", str(out))
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert {row["file"] for row in rows} == set(parts)
    assert {"manifest.json", *(f"{name}.json" for name in ("scheduling", "screening", "notification"))} <= set(parts)
    assert parts["screening.pdf"].startswith(b"%PDF-")
    assert out.stat().st_mode & 0o777 == 0o600
    scheduling, screening = json.loads(parts["scheduling.json"]), json.loads(parts["screening.json"])
    assert (scheduling["client"]["name"], scheduling["appointments"][0]["notes"]) == (NAME, "canary note")
    assert screening["screenings"][0]["answers"]
    assert json.loads(parts["notification.json"])["messages"]
    again = await asyncio.to_thread(caibei, "export", client_id, "--out", str(out), CAIBEI_DATA_DIR=str(whole.folder))
    assert (again.returncode, "exists" in again.stderr) == (1, True)


async def test_an_erasure_waits_for_every_service_and_says_who_confirmed(chain: Chain, whole: Whole) -> None:
    client_id = await somebody(chain, whole)
    done = await command(whole, "erase", client_id, "--yes")
    assert done["complete"] and [each["service"] for each in done["services"]] == SERVICES
    assert all(each["confirmed_at"] for each in done["services"])
    assert (await command(whole, "erasures", "show", client_id))["complete"]
    said = [record for record in await read_topics(whole.runtime["kafka"]) if record.key == client_id]
    assert {record.type for record in said} >= {
        f"caibei.{name}.client.forgotten.v1" for name in ("screening", "room-equipment", "notification")
    }
    values = {value for record in said for name, value in record.data.items() if record.type.endswith("forgotten.v1")}
    assert values == {client_id}, "ids only"


async def test_a_service_that_is_away_leaves_the_erasure_unconfirmed_until_it_is_back(
    chain: Chain, whole: Whole
) -> None:
    client_id = await somebody(chain, whole)
    async with whole.down("notification"):
        late = await command(whole, "erase", client_id, "--yes", "--wait", "1", code=2)
        assert [each["service"] for each in late["services"] if not each["confirmed_at"]] == ["notification"]
    assert (await command(whole, "erase", client_id, "--yes"))["complete"]


async def test_what_a_restored_database_has_forgotten_is_erased_again(chain: Chain, whole: Whole) -> None:
    client_id = await somebody(chain, whole)
    await command(whole, "erase", client_id, "--yes")
    async with whole.database("scheduling") as database:  # as a backup from before the erasure would have it
        await database.execute("DELETE FROM erasure_confirmations WHERE client_id = $1", client_id)
        await database.execute("UPDATE clients SET erased_at = NULL, name = $2 WHERE id = $1", client_id, NAME)
    async with whole.database("notification") as database:
        await database.execute("UPDATE clients SET erased = false, erased_at = NULL WHERE client_id = $1", client_id)
    found = await command(whole, "erasures", "reapply", code=1)
    assert found == [{"client_id": client_id, "forgotten_by": ["scheduling", "notification"], "done": False}]
    healed = await command(whole, "erasures", "reapply", "--apply")
    assert [row["done"] for row in healed] == [True]
    assert await command(whole, "erasures", "reapply") == []
    assert await whole.value("scheduling", "SELECT name FROM clients WHERE id = $1", client_id) is None
    assert await whole.value("notification", "SELECT erased FROM clients WHERE client_id = $1", client_id)
