"""Files become rows, and every fault names file, line and field."""

from pathlib import Path

import pytest

from deploy.cli.chain.chain import Chain, build
from deploy.cli.chain.faults import Fault, Faulty
from deploy.cli.chain.nouns import Bar, Branch, Inspection, Therapist, Treatment
from deploy.cli.chain.reading import read

BRANCH = "branches:\n  - {code: BER, name: Berlin, timezone: Europe/Berlin, opening_hours: mon-fri 10:00-20:00}\n"


def chain_of(folder: Path, **files: str) -> tuple[Chain, list[Fault]]:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return build(read(folder))


def faults_of(folder: Path, **files: str) -> list[str]:
    try:
        return [str(fault) for fault in chain_of(folder, **files)[1]]
    except Faulty as faulty:
        return [str(fault) for fault in faulty.faults]


def test_rows_are_read_from_all_files_of_a_folder(tmp_path: Path) -> None:
    chain, faults = chain_of(tmp_path, a__yaml=BRANCH, b__yml=BRANCH.replace("BER", "HAM"))
    assert not faults
    assert [line.row.code for line in chain.of(Branch)] == ["BER", "HAM"]


def test_what_is_nested_takes_its_parents_names(tmp_path: Path) -> None:
    rooms = """rooms:
  - branch: BER
    code: "1"
    name: Spree
    bars:
      - serial: B-1
        rated_load_kg: 200
        installed_on: -1y
        installed_by: x
        mounting: ceiling
        inspections:
          - {performed_at: "-1y 09:00", kind: installation, inspector: a, result: pass, load_test_kg: 200}
"""
    chain, faults = chain_of(tmp_path, rooms__yaml=rooms)
    assert not faults
    assert (chain.of(Bar)[0].row.branch, chain.of(Bar)[0].row.room) == ("BER", "1")
    assert chain.of(Inspection)[0].row.bar == "B-1"
    assert chain.of(Inspection)[0].place.line == 12


def test_text_stays_text_whatever_yaml_makes_of_it(tmp_path: Path) -> None:
    therapist = "therapists:\n  - {code: 007, name: No, branches: [NO], locales: [no]}\n"
    chain, faults = chain_of(tmp_path, a__yaml=therapist)
    assert not faults
    row = chain.of(Therapist)[0].row
    assert (row.code, row.branches, row.locales) == ("007", ["NO"], ["no"])


def test_csv_cells_hold_lists_and_pairs(tmp_path: Path) -> None:
    chain, faults = chain_of(
        tmp_path,
        branches__csv="code,name,timezone,opening_hours\nBER,B,Europe/Berlin,mon-fri 10:00-20:00; sat 11:00-02:00\n",
        therapists__csv='code,name,branches,skills\nT1,"Vogel, K.",BER; HAM,massage 2027-01-01; foot +3m\n',
        treatments__csv="code,name,duration_minutes,price\nm,Massage,60,80.50 EUR\n",
    )
    assert not faults
    assert chain.of(Branch)[0].row.opening_hours["sat"] == [["11:00", "02:00"]]
    assert chain.of(Therapist)[0].row.branches == ["BER", "HAM"]
    assert list(chain.of(Therapist)[0].row.skills) == ["massage", "foot"]
    assert chain.of(Treatment)[0].row.price == {"amount": 8050, "currency": "EUR"}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (
            "a.yaml",
            BRANCH.replace("Europe/Berlin", "Mars/Olympus"),
            "a.yaml:2: timezone: 'Mars/Olympus' is no time zone",
        ),
        ("a.yaml", BRANCH.replace("name: Berlin, ", ""), "a.yaml:2: name: is missing"),
        ("a.yaml", BRANCH.replace("name:", "nmae:"), "a.yaml:2: nmae: is no field of this noun"),
        ("a.yaml", BRANCH.replace("mon-fri", "mon-fry"), "a.yaml:2: opening_hours: 'mon-fry' is no day of the week"),
        ("a.yaml", "branches:\n  - code: [\n", "a.yaml:3: is no YAML"),
        ("a.yaml", "branchs: []\n", "a.yaml:1: 'branchs' is no noun"),
        ("a.yaml", "branches:\n  - BER\n", "a.yaml:2: a row of branches is a mapping"),
        ("a.yaml", "branches:\n  - code: A\n    code: B\n", "a.yaml:3: code: a field is named once"),
        ("a.yaml", "- 1\n", "a.yaml:1: must begin with a noun"),
        ("branches.csv", "code,name\nX,y,z\n", "branches.csv:2: has more cells"),
        ("branches.csv", "code,code\nX,y\n", "branches.csv:1: the first line must name each column once"),
        ("people.csv", "code\nX\n", "people.csv:1: is named after no noun"),
        (
            "treatments.csv",
            "code,name,duration_minutes\nm,M,long\n",
            "treatments.csv:2: duration_minutes: is no whole number",
        ),
        (
            "treatments.csv",
            "code,name,duration_minutes,price\nm,M,60,80\n",
            "treatments.csv:2: price: '80' is no price",
        ),
        ("rooms.csv", 'branch,code,name\nX,1,"two\nlines"\n,2,Y\n', "rooms.csv:4: branch: is missing"),
        ("rooms.csv", 'branch,code,name\nX,!,"two\nlines"\n', "rooms.csv:2: code: is not written as it must be"),
        ("a.txt", "x", "holds no YAML and no CSV file"),
        ("a.yaml", "branches:\n  - &a {code: X, name: *a}\n", "a.yaml:1: nests itself"),
        ("rooms.csv", "code\n1\n\0\n", "rooms.csv:3: holds a NUL character"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_field(tmp_path: Path, name: str, text: str, fault: str) -> None:
    (tmp_path / name).write_text(text)
    found = faults_of(tmp_path)
    assert any(fault in line for line in found), found


def test_every_bad_row_is_reported_not_only_the_first(tmp_path: Path) -> None:
    rows = ("{code: a, name: A, duration_minutes: x}", "{code: b}", "{code: c c, name: C, duration_minutes: 5}")
    text = "treatments:\n" + "".join(f"  - {row}\n" for row in rows)
    found = faults_of(tmp_path, a__yaml=text)
    assert [line.split(": ")[0] + ":" + line.split(": ")[1] for line in found] == [
        "a.yaml:2:duration_minutes",
        "a.yaml:3:name",
        "a.yaml:3:duration_minutes",
        "a.yaml:4:code",
    ]


def test_yaml_and_csv_are_not_mixed(tmp_path: Path) -> None:
    assert "holds YAML and CSV" in faults_of(tmp_path, a__yaml=BRANCH, branches__csv="code\nX\n")[0]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert "there is no such file" in faults_of(tmp_path / "none")[0]


def test_a_file_that_is_not_utf_8_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("branches: é".encode("latin-1"))
    assert faults_of(tmp_path) == ["a.yaml:1: is not UTF-8 text"]
