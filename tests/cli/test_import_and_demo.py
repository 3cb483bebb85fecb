"""`caibei import` and `caibei demo` against the whole system, as `caibei run` starts it."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.caibei_run import ROOT, CaibeiRun, caibei_run, until

DEMO = ROOT / "deploy" / "demo"
SMALL = """
branches: [{code: HAM, name: Hamburg, timezone: Europe/Berlin, opening_hours: mon-sun 10:00-22:00}]
treatments: [{code: rub, name: Rub, duration_minutes: 30, skill: rub}]
therapists: [{code: H1, name: Ole, branches: [HAM], skills: {rub: +1y}}]
shifts: [{therapist: H1, branch: HAM, starts: today 10:00, ends: "20:00", repeat: FREQ=DAILY}]
rooms: [{branch: HAM, code: 1, name: Alster}]
clients: [{code: H-1, name: Uwe, branches: [HAM]}, {code: H-2, name: Ina, branches: [HAM]}]
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaibeiRun]:
    folder = tmp_path_factory.mktemp("import")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)  # a root's PostgreSQL runs as another uid
    with caibei_run(folder / "data", "--port-base", "0", "--empty") as run:
        run.start()
        yield run


class Api:
    """Reads, as the administrator."""

    def __init__(self, run: CaibeiRun) -> None:
        self.urls, admin = run.runtime["services"], run.runtime["api_clients"]["admin"]
        self.mailbox = run.runtime["mailbox"]
        self.http = httpx.Client(trust_env=False, timeout=30)
        grant, auth = {"grant_type": "client_credentials"}, (admin["client_id"], admin["client_secret"])
        answer = self.http.post(f"{self.urls['identity']}/oauth/token", data=grant, auth=auth)
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, service: str, path: str, **params: Any) -> Any:
        answer = self.http.get(self.urls[service] + path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all(self, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        found, cursor = [], None
        while True:
            page = self.get(service, path, limit=200, **params, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


@pytest.fixture
def api(whole: CaibeiRun) -> Iterator[Api]:
    api = Api(whole)
    yield api
    api.http.close()


def caibei(run: CaibeiRun, *arguments: str) -> tuple[int, Any]:
    """(exit code, its JSON)."""
    command = [sys.executable, "-m", "deploy.cli.main", *arguments, "--data-dir", str(run.folder), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr.decode()


@pytest.fixture(scope="module")
def imported(whole: CaibeiRun) -> dict[str, Any]:
    """The demo chain, by an import that was killed on its way and one that went on."""
    command = [sys.executable, "-m", "deploy.cli.main", "import", str(DEMO), "--data-dir", str(whole.folder)]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    api = Api(whole)
    until(lambda: first.poll() is not None or len(api.all("room_equipment", "/v1/bars")) > 5, 60)
    os.kill(first.pid, signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    api.http.close()
    code, report = caibei(whole, "import", str(DEMO))
    assert code == 0, report
    return dict(report)


def test_an_import_that_was_killed_goes_on_and_makes_nothing_twice(imported: dict[str, Any], api: Api) -> None:
    assert imported["complete"]
    assert imported["present"]["branches"] == 4
    assert imported["created"]["appointments"] + imported["present"].get("appointments", 0) == 214
    codes = Counter(client["code"] for client in api.all("scheduling", "/v1/clients"))
    assert all(codes[f"C-{number:03d}"] == 1 for number in range(1, 61))
    serials = Counter(bar["serial"] for bar in api.all("room_equipment", "/v1/bars"))
    assert len(serials) >= 21
    assert max(serials.values()) == 1
    bar = next(bar for bar in api.all("room_equipment", "/v1/bars") if bar["serial"] == "SHA-1A")
    assert len(api.all("room_equipment", f"/v1/bars/{bar['id']}/inspections")) == 4


def test_every_session_of_the_demo_chain_is_confirmed_by_the_saga(imported: dict[str, Any], api: Api) -> None:
    clients = {c["id"] for c in api.all("scheduling", "/v1/clients") if (c["code"] or "").startswith("C-")}
    sessions = [s for s in api.all("scheduling", "/v1/appointments") if s["client_id"] in clients]
    live = [s for s in sessions if s["status"] != "rejected"]
    assert len(live) == 214
    assert {s["status"] for s in live} <= {"confirmed", "needs_attention"}


def test_the_demo_chain_has_rooms_of_every_kind(imported: dict[str, Any], api: Api) -> None:
    due = {item["serial"]: item["status"] for item in api.all("room_equipment", "/v1/inspections/due", within_days=7)}
    assert due["SHA-5A"] == "overdue"  # it lapsed twelve days ago
    assert due["NYC-4A"] == "never_inspected"
    assert due["BER-3A"] == "due"
    orders = api.all("room_equipment", "/v1/work-orders", status="completed")
    assert "Carlos Pinto" in {order["repairer_name"] for order in orders}


def test_importing_again_changes_nothing(whole: CaibeiRun, imported: dict[str, Any], api: Api) -> None:
    before = [api.all("scheduling", f"/v1/{noun}") for noun in ("branches", "therapists", "clients", "treatments")]
    code, report = caibei(whole, "import", str(DEMO))
    assert code == 0
    assert (report["created"], report["differing"]) == ({}, [])
    assert before == [
        api.all("scheduling", f"/v1/{noun}") for noun in ("branches", "therapists", "clients", "treatments")
    ]


def test_a_changed_row_is_told_and_what_is_there_stays(
    whole: CaibeiRun, imported: dict[str, Any], api: Api, tmp_path: Path
) -> None:
    rows = (DEMO / "branches.yaml").read_text().replace("Kreuzberg\n", "Neukölln\n")
    (tmp_path / "chain.yaml").write_text(rows)
    code, report = caibei(whole, "import", str(tmp_path / "chain.yaml"))
    assert (code, report["created"]) == (0, {})
    assert [fault["field"] for fault in report["differing"]] == ["name"]
    names = {branch["code"]: branch["name"] for branch in api.all("scheduling", "/v1/branches")}
    assert names["BER"] == "Lotus Steps Berlin, Kreuzberg"


def test_one_bad_row_and_nothing_is_imported(whole: CaibeiRun, api: Api, tmp_path: Path) -> None:
    (tmp_path / "chain.yaml").write_text(SMALL.replace("HAM", "BAD").replace("skill: rub", "skil: rub"))
    code, report = caibei(whole, "import", str(tmp_path / "chain.yaml"))
    assert code == 1
    assert [(fault["file"], fault["line"], fault["field"]) for fault in report["faults"]] == [("chain.yaml", 3, "skil")]
    assert not [branch for branch in api.all("scheduling", "/v1/branches") if branch["code"] == "BAD"]


def test_a_dry_run_checks_and_loads_nothing(whole: CaibeiRun, api: Api, tmp_path: Path) -> None:
    (tmp_path / "chain.yaml").write_text(SMALL.replace("HAM", "DRY"))
    code, report = caibei(whole, "import", str(tmp_path / "chain.yaml"), "--dry-run")
    assert (code, report["rows"]["branches"]) == (0, 1)
    assert not [branch for branch in api.all("scheduling", "/v1/branches") if branch["code"] == "DRY"]


def test_a_refused_session_is_named_and_the_corrected_file_goes_on(whole: CaibeiRun, tmp_path: Path) -> None:
    file = tmp_path / "chain.yaml"
    good = "{branch: HAM, treatment: rub, client: H-1, starts: +1d 11:00}"
    wrong = "{branch: HAM, treatment: rub, client: H-2, starts: +1d 21:00}"
    file.write_text(f"{SMALL}appointments:\n  - {good}\n  - {wrong}\n")
    code, report = caibei(whole, "import", str(file))
    assert code == 1
    assert [(fault["line"], "therapist_unavailable" in fault["problem"]) for fault in report["failed"]] == [(10, True)]
    assert report["created"]["appointments"] == 1
    file.write_text(f"{SMALL}appointments:\n  - {good}\n  - {wrong.replace('21:00', '12:00')}\n")
    code, report = caibei(whole, "import", str(file))
    assert (code, report["created"], report["present"]["appointments"]) == (0, {"appointments": 1}, 1)


def test_a_session_refused_before_is_asked_for_again_once_its_reason_is_gone(whole: CaibeiRun, tmp_path: Path) -> None:
    file = tmp_path / "chain.yaml"
    closed = SMALL.replace("HAM", "OPN").replace("H-", "O-").replace("H1", "O1").replace("rub", "pat")
    asked = "appointments: [{branch: OPN, treatment: pat, client: O-1, starts: +2d 11:00}]\n"
    nobody = closed.replace("starts: today 10:00", "starts: +200d 10:00")
    file.write_text(nobody + asked)
    code, report = caibei(whole, "import", str(file))
    assert (code, len(report["failed"])) == (1, 1)
    file.write_text(closed + asked)  # the shift is added; the very same booking is sent again
    code, report = caibei(whole, "import", str(file))
    assert (code, report["created"]) == (0, {"shifts": 1, "appointments": 1})


def test_a_folder_of_csv_is_imported(whole: CaibeiRun, api: Api, tmp_path: Path) -> None:
    (tmp_path / "branches.csv").write_text(
        "code,name,timezone,opening_hours\nCSV,Porto,Europe/Lisbon,mon-fri 10:00-20:00; sat 10:00-14:00\n"
    )
    (tmp_path / "rooms.csv").write_text("branch,code,name\nCSV,1,Douro\n")
    (tmp_path / "bars.csv").write_text(
        "branch,room,serial,rated_load_kg,installed_on,installed_by,mounting\nCSV,1,CSV-1,200,-1y,Ferro,ceiling\n"
    )
    (tmp_path / "inspectors.csv").write_text(
        "code,name,organisation,credential,credential_valid_until\nm,Rui,Cert,CE-1,+1y\n"
    )
    (tmp_path / "inspections.csv").write_text(
        "bar,performed_at,kind,inspector,result,load_test_kg,flagged\n"
        "CSV-1,-5m 09:00,installation,m,pass,200,label; straps\n"
    )
    code, report = caibei(whole, "import", str(tmp_path))
    assert (code, report["created"]) == (0, {"branches": 1, "rooms": 1, "bars": 1, "inspections": 1})
    bar = next(bar for bar in api.all("room_equipment", "/v1/bars") if bar["serial"] == "CSV-1")
    inspection = api.all("room_equipment", f"/v1/bars/{bar['id']}/inspections")[0]
    assert sorted(item["item"] for item in inspection["checklist"] if item["result"] == "flag") == ["label", "straps"]


def test_without_a_running_system_the_import_says_how_to_start_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.cli.main", "import", str(DEMO), "--data-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 3
    assert b"make run" in done.stderr


def test_the_demo_tells_only_what_the_services_say(whole: CaibeiRun, imported: dict[str, Any], api: Api) -> None:
    code, facts = caibei(whole, "demo")
    assert code == 0, facts
    booked = api.get("scheduling", f"/v1/appointments/{facts['booking']['appointment']['id']}")
    assert booked["status"] == "confirmed"
    assert facts["booking"]["mail"]["to"] == [api.get("scheduling", f"/v1/clients/{booked['client_id']}")["email"]]
    assert (facts["lapsed_room"]["code"], facts["lapsed_room"]["problem"]["reason"]) == ("room_not_certified", "lapsed")
    assert (facts["decline"]["outcome"], facts["decline"]["code"]) == ("declined", "screening_declined")
    assert "osteoporosis" not in json.dumps(facts["decline"]["reception_sees"]).lower()
    failure = facts["failure"]
    assert booked["id"] in {moved["appointment_id"] for moved in failure["moved"]}
    assert booked["room_id"] != failure["room_id"]
    assert {item["appointment_id"] for item in failure["waiting"]} == set(failure["revoked"]) != set()
    assert {message["appointment_id"] for message in failure["messages"]} == set(failure["displaced"])
    assert all(message["state"] == "sent" for message in failure["messages"])


def test_the_demo_leaves_the_bar_certified_and_can_be_told_again(
    whole: CaibeiRun, imported: dict[str, Any], api: Api
) -> None:
    for branch in ("BER", "BER"):
        code, facts = caibei(whole, "demo", "--branch", branch)
        assert code == 0, facts
        assert facts["repair"]["cleared"]
        assert facts["answer"]["still_waiting"] == []
        order = api.get("room_equipment", f"/v1/work-orders/{facts['repair']['work_order_id']}")
        assert order["status"] == "completed"
        waiting = api.all("scheduling", "/v1/attention", branch_id=facts["branch"]["id"], kind="displaced")
        assert waiting == []


def test_the_demo_reads_as_a_story(whole: CaibeiRun, imported: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "deploy.cli.main", "demo", "--data-dir", str(whole.folder), "--branch", "NYC"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False, text=True)
    assert done.returncode == 0, done.stderr
    acts = [
        "A new client books",
        "A client for whom back-stepping is not safe",
        "A bar fails its inspection",
        "Put right",
    ]
    places = [done.stdout.index(act) for act in acts]
    assert places == sorted(places)
    assert "America/New_York" in done.stdout
    assert "your session is confirmed" in done.stdout


def test_the_demo_says_which_branches_there_are(whole: CaibeiRun, imported: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "deploy.cli.main", "demo", "--data-dir", str(whole.folder), "--branch", "ROM"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False, text=True)
    assert done.returncode == 1
    assert "there is no branch 'rom'" in done.stderr.lower()
