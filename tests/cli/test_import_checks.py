"""What is wrong with rows that have their shape, found before anything is loaded."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from deploy.cli.chain import checks, shapes
from deploy.cli.chain.against import answers_of
from deploy.cli.chain.against import faults as faults_against
from deploy.cli.chain.chain import Calendar, Chain, build
from deploy.cli.chain.faults import Fault
from deploy.cli.chain.loading import Loading
from deploy.cli.chain.nouns import Appointment, Branch, Inspection, LoadProfile, Room, Screening
from deploy.cli.chain.present import Present, registered_on
from deploy.cli.chain.reading import read
from deploy.cli.chain.services import Services
from services.screening.protocols import shipped

DEMO = Path(__file__).parents[2] / "deploy" / "demo"
TODAY = Calendar(date(2026, 11, 22), datetime(2026, 11, 22, 11, tzinfo=UTC))
BASE = """
branches:
  - {code: BER, name: Berlin, timezone: Europe/Berlin, opening_hours: mon-sun 10:00-20:00}
treatments:
  - {code: step, name: S, duration_minutes: 60, skill: back-stepping, equipment: [balancing_bar],
     screening_protocol: back-stepping}
therapists:
  - {code: T1, name: Lan, branches: [BER], skills: {back-stepping: +5d}}
  - {code: T2, name: Jo, branches: [BER], skills: {}}
rooms:
  - {branch: BER, code: 1, name: Spree}
bars:
  - {branch: BER, room: 1, serial: B1, rated_load_kg: 200, installed_on: -1y, installed_by: x, mounting: ceiling}
inspectors:
  - {code: I1, name: Eva, organisation: o, credential: c-1, credential_valid_until: -30d}
  - {code: I2, name: Udo, organisation: o, credential: c-2, credential_valid_until: +1y}
clients:
  - {code: C1, name: Ada, branches: [BER]}
"""
INSTALLED = 'performed_at: "-1y 09:00", kind: installation, inspector: I2, result: pass, load_test_kg: 200'


def questions(name: str) -> dict[str, object]:
    protocol = shipped().get(name)
    return {
        "name": name,
        "version": protocol.version,
        "questions": [
            {
                "id": q.id,
                "section": q.section.value,
                "type": q.type.value,
                "asked_when": {"question": q.asked_when[0], "answer": q.asked_when[1]} if q.asked_when else None,
            }
            for q in protocol.questions
        ],
    }


def present() -> Present:
    """A system without a chain, but with the shipped protocols."""
    return Present(
        protocols={"back-stepping": questions("back-stepping"), "massage": questions("massage"), "none": None}
    )


def chain_of(folder: Path, text: str, base: str = BASE) -> Chain:
    (folder / "base.yaml").write_text(base)
    (folder / "more.yaml").write_text(text)
    chain, shape = build(read(folder))
    assert not shape, list(map(str, shape))
    return chain


def faults(chain: Chain, there: Present, calendar: Calendar) -> list[Fault]:
    """All that `prepare` would find; no service is asked."""
    before = list(faults_against(chain, there, calendar))
    nobody = Services({}, {"client_id": "", "client_secret": ""})
    loading = Loading(nobody, chain, there, calendar, checks.zones(chain, there.timezones))
    return [*before, *shapes.faults(loading, before)]


def found(folder: Path, text: str, calendar: Calendar = TODAY) -> list[str]:
    return [str(fault) for fault in faults(chain_of(folder, text), present(), calendar)]


def test_the_base_of_these_tests_is_sound(tmp_path: Path) -> None:
    assert found(tmp_path, f"inspections:\n  - {{bar: B1, {INSTALLED}}}\n") == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("clients: [{code: C1, name: Twice, branches: [BER]}]", "'C1' is there already, at base.yaml:"),
        ("clients: [{code: C9, name: X, branches: [BER, HAM]}]", "branches: 'HAM' is none of the branches"),
        ("bars: [{branch: BER, room: 2, serial: B2, rated_load_kg: 9, installed_on: today, installed_by: x,"
         " mounting: y}]",
         "room: branch 'BER' has no room '2'"),
        ("shifts: [{therapist: T1, branch: BER, starts: now, ends: '18:00'}]", "starts: needs a day and a time"),
        ("shifts: [{therapist: T1, branch: BER, starts: 2027-03-28 02:30, ends: '18:00'}]", "is skipped in Europe/"),
        ("load_profiles: [{therapist: T1, mass_kg: 60, measured_on: +3d}]", "measured_on: lies in the future"),
        ("appointments: [{branch: BER, treatment: step, client: C1, starts: today 09:00}]", "starts: has passed"),
        ("appointments: [{branch: BER, treatment: step, client: C1, starts: +1d 11:00, therapist: T2}]",
         "therapist: Jo has no certificate for back-stepping"),
        ("appointments: [{branch: BER, treatment: step, client: C1, starts: +6d 11:00, therapist: T1}]",
         "therapist: Lan has no certificate for back-stepping on that day"),
        ("appointments:\n  - {branch: BER, treatment: step, client: C1, starts: +1d 11:00}\n"
         "  - {branch: BER, treatment: step, client: C1, starts: +1d 11:59}", "client: 'C1' has another session then"),
        ("screenings: [{client: C1, protocol: none, advisory_acknowledged: yes}]", "protocol: 'none' is no protocol"),
        ("screenings: [{client: C1, protocol: massage, otherwise: no, advisory_acknowledged: no}]",
         "advisory_acknowledged: must be yes"),
        ("screenings: [{client: C1, protocol: massage, advisory_acknowledged: yes}]",
         "answers: 'osteoporosis' has no answer"),
        ("screenings: [{client: C1, protocol: massage, advisory_acknowledged: yes, answers: {gout: yes}}]",
         "answers.gout: is no standing question of massage"),
        ("clearances: [{client: C1, protocol: massage, professional: D, role: r, registration: 1, verdict: limits,"
         " issued_on: -1d}]", "has no screening for it to clear"),
    ],
)  # fmt: skip
def test_rows_that_contradict_each_other_are_named(tmp_path: Path, row: str, fault: str) -> None:
    lines = found(tmp_path, row)
    assert len(lines) >= 1
    assert any(fault in line and line.startswith("more.yaml:") for line in lines), lines


LATER = "kind: periodic, inspector: I2, result: pass"
WRONG_HISTORIES = {
    f'performed_at: "+1d 09:00", {LATER}': "performed_at: an inspection cannot be in the future",
    f'performed_at: "-2y 09:00", {LATER}': "performed_at: a later inspection is on record",
    f'performed_at: "-1d 09:00", {LATER.replace("I2", "I1")}': "the inspector's credential had expired on that day",
    f'performed_at: "-1d 09:00", {LATER.replace("I2", "I9")}': "inspector: 'I9' is none of the inspectors",
    f'performed_at: "-1d 09:00", {LATER}, failed: [cracks]': "result: an item of the checklist failed",
    f'performed_at: "-1d 09:00", {LATER}_with_conditions': "conditions: say what the conditions are",
    f'performed_at: "-1d 09:00", {LATER}, valid_until: +7m': "valid_until: a certificate holds at most 6 months",
    f'performed_at: "2026-03-29 02:30", {LATER}': "performed_at: 2026-03-29 02:30 is skipped in Europe/Berlin",
    'performed_at: "-1d 09:00", kind: installation, inspector: I2, result: pass, load_test_kg: 199': "load_test_kg:",
}


@pytest.mark.parametrize("row", WRONG_HISTORIES)
def test_a_history_that_room_equipment_would_refuse_is_named(tmp_path: Path, row: str) -> None:
    lines = found(tmp_path, f"inspections:\n  - {{bar: B1, {INSTALLED}}}\n  - {{bar: B1, {row}}}\n")
    assert len(lines) == 1
    assert lines[0].startswith("more.yaml:3: ")
    assert WRONG_HISTORIES[row] in lines[0]


def test_a_first_pass_is_an_installation(tmp_path: Path) -> None:
    row = f'bar: B1, performed_at: "-1d 09:00", {LATER}'
    assert "has never passed an installation inspection" in found(tmp_path, f"inspections: [{{{row}}}]")[0]


@pytest.mark.parametrize(
    ("repair", "again", "fault"),
    [
        ("repaired_by: Jo", "now", None),
        ("", "now", "its work order is not completed"),
        ("repaired_by: Jo", "-1d 09:00", "the bar was locked out after this inspection was performed"),
        ("repaired_by: C 2", "now", "the last repair of this bar was by the same person"),
    ],
)
def test_a_failed_bar_is_released_only_as_it_would_be_by_hand(
    tmp_path: Path, repair: str, again: str, fault: str | None
) -> None:
    failed = f'performed_at: "-2d 09:00", kind: periodic, inspector: I2, result: fail, failed: [cracks], {repair}'
    passed = f'performed_at: "{again}", kind: after_event, inspector: I2, result: pass'
    lines = found(tmp_path, "inspections:\n" + "".join(f"  - {{bar: B1, {r}}}\n" for r in (INSTALLED, failed, passed)))
    assert len(lines) == (fault is not None)
    assert fault is None or fault in lines[0]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("clients: [{code: C2, name: X, branches: [BER], email: nobody}]", "email: is not written as it must be"),
        ("clients: [{code: C2, name: X, branches: [BER], phone: call me}]", "phone: is not written as it must be"),
        ("clients: [{code: C2, name: X, branches: [BER], locale: Klingon!}]", "locale: is not written as it must be"),
        ("therapists: [{code: T9, name: X, branches: [BER, BER]}]", "branches: each branch at most once"),
        ("load_profiles: [{therapist: T1, mass_kg: 900, measured_on: today}]", "mass_kg: input should be less than"),
        ("shifts: [{therapist: T1, branch: BER, starts: today 10:00, ends: '18:00', repeat: daily}]", "repeat: "),
        ("treatments: [{code: t, name: T, duration_minutes: 5, equipment: [sauna]}]", "skill: input should be"),
        ("branches: [{code: X, name: X, timezone: Asia/Tokyo, opening_hours: 'mon 10:00-12:00,11:00-13:00'}]",
         "opening_hours: two stretches of one day overlap"),
        ("appointments: [{branch: BER, treatment: step, client: C1, starts: +1d 19:30}]",
         "starts: Berlin is not open during the whole session"),
    ],
)  # fmt: skip
def test_what_a_route_would_refuse_is_refused_before_anything_is_sent(tmp_path: Path, row: str, fault: str) -> None:
    lines = found(tmp_path, row)
    assert len(lines) == 1
    assert f"more.yaml:1: {fault}".lower() in lines[0].lower()


def test_a_branch_that_is_there_in_another_zone_is_named(tmp_path: Path) -> None:
    there = present()
    there.by_code["branches"]["BER"] = {"id": "01a202f9-034f-7aa4-b5a2-16ebab24e7b3", "timezone": "Asia/Tokyo"}
    lines = list(map(str, faults(chain_of(tmp_path, ""), there, TODAY)))
    assert lines == ["base.yaml:3: timezone: branch 'BER' is there with the time zone Asia/Tokyo"]


def test_a_session_that_passed_since_the_first_import_is_no_fault(tmp_path: Path) -> None:
    row = "appointments: [{branch: BER, treatment: step, client: C1, starts: +1d 11:00}]"
    later = Calendar(TODAY.anchor, datetime(2026, 11, 25, tzinfo=UTC))
    assert found(tmp_path, row, later) == []


def test_a_day_is_read_from_an_id() -> None:
    assert registered_on("01a202f9-034f-7aa4-b5a2-16ebab24e7b3") == date(2026, 11, 22)


def test_otherwise_answers_what_applies_and_nothing_more(tmp_path: Path) -> None:
    row = "screenings: [{client: C1, protocol: back-stepping, otherwise: no, advisory_acknowledged: yes," \
          " answers: {joint_surgery: yes, joint_surgery_on: -3w}}]"  # fmt: skip
    line = chain_of(tmp_path, row).of(Screening)[0]
    answers = answers_of(line, questions("back-stepping"), TODAY)
    assert answers["joint_surgery_on"] == "2026-11-01"
    assert answers["osteoporosis"] == "no"
    assert "breast_implants_on" not in answers


@pytest.mark.parametrize("weekday", range(7))
def test_the_demo_chain_is_sound_on_every_day_of_the_week(weekday: int) -> None:
    chain, shape = build(read(DEMO))
    now = datetime(2026, 11, 23 + weekday, 23, 59, tzinfo=UTC)
    assert [*shape, *faults(chain, present(), Calendar(now.date(), now))] == []


def test_the_demo_chain_is_as_large_as_promised() -> None:
    chain, _ = build(read(DEMO))
    counts = chain.counts
    zones = {line.row.timezone for line in chain.of(Branch)}
    rooms = {line.row.code: 0 for line in chain.of(Branch)}
    for line in chain.of(Room):
        rooms[line.row.branch] += 1
    assert counts["branches"] == 4
    assert len(zones) >= 3
    assert all(6 <= count <= 10 for count in rooms.values())
    assert counts["therapists"] >= 12
    assert counts["clients"] == 60
    assert 150 <= counts["appointments"] <= 250
    masses = {line.row.mass_kg for line in chain.of(LoadProfile)}
    assert len(masses) >= 12


def test_the_demo_chain_has_a_certificate_that_ends_this_week_and_one_that_lapsed() -> None:
    chain, _ = build(read(DEMO))
    latest = {line.row.bar: line.row for line in chain.of(Inspection)}
    ends = [(row.valid_until.on(TODAY.anchor) - TODAY.anchor).days for row in latest.values() if row.valid_until]
    assert any(0 <= days < 7 for days in ends)
    assert any(days < 0 for days in ends)


def test_the_demo_chain_is_written_as_a_newcomer_would_read_it() -> None:
    for file in DEMO.glob("*.yaml"):
        nouns = yaml.compose(file.read_text())
        assert isinstance(nouns, yaml.MappingNode)
        assert [key.value for key, _ in nouns.value] == [file.stem], "one file a noun, named after it"
        assert max(map(len, file.read_text().splitlines())) <= 120, file.name
    assert Appointment.noun in {file.stem for file in DEMO.glob("*.yaml")}
