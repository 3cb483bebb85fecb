"""A branch's register as sheets: every room and bar, what is on record of them, and nothing that a sheet would run."""

import csv
from datetime import date
from io import BytesIO, StringIO
from typing import Any
from uuid import UUID

import httpx
import openpyxl

from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa

EVIL = '=HYPERLINK("http://evil.test")'


def lines(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def register(spa: Spa, sheet: str = "bars") -> list[dict[str, str]]:
    return lines(await spa.http.get(f"/v1/branches/{spa.branch_id}/register.csv", params={"sheet": sheet}))


def cells(answer: httpx.Response, sheet: str) -> list[dict[str, Any]]:
    head, *rows = openpyxl.load_workbook(BytesIO(answer.content))[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


async def furnished(spa: Spa) -> tuple[UUID, UUID]:
    """Three rooms: a certified bar, a locked-out one, and none; (certified, locked out)."""
    _, good = await spa.cleared_room(300, "A1")
    _, bad = await spa.cleared_room(250, "B1")
    await spa.http.post(f"/v1/bars/{bad}/lockouts", json={"reason": EVIL, "note": "-1"})
    room = await spa.room("C1", name="@name")
    body = {"room_id": str(room), "kind": "strap", "name": EVIL}
    (await spa.http.post("/v1/equipment", json=body)).raise_for_status()
    return good, bad


async def test_every_room_and_bar_of_the_branch_has_its_line_with_its_state(spa: Spa) -> None:
    good, bad = await furnished(spa)
    first, second, third = await register(spa)
    assert (first["Room"], first["State"], first["Bar id"]) == ("A1", "certified", str(good))
    assert first["Certified until"] == first["Next due"] > date.today().isoformat()  # noqa: DTZ011
    assert (first["Latest inspection"][-6:], first["Inspector"]) in (
        ("+01:00", "Ines Pector"),
        ("+02:00", "Ines Pector"),
    )
    assert (second["State"], second["Why"], second["Bar id"]) == ("locked out", "locked out", str(bad))
    assert second["Locked out since"]
    assert second["Certified until"] == ""
    assert (third["Room"], third["Room name"], third["State"], third["Serial"]) == ("C1", "'@name", "no bar", "")


async def test_inspections_lockouts_work_orders_and_equipment_have_their_own(spa: Spa) -> None:
    good, bad = await furnished(spa)
    assert {line["Bar id"] for line in await register(spa, "inspections")} == {str(good), str(bad)}
    (lockout,) = await register(spa, "lockouts")
    assert (lockout["Reason"], lockout["Note"]) == (f"'{EVIL}", "'-1")
    (order,) = await register(spa, "work_orders")
    assert (order["Status"], order["Lockout id"]) == ("open", lockout["Lockout id"])
    (strap,) = await register(spa, "equipment")
    assert strap["Kind"] == "strap"


async def test_work_orders_of_equipment_stand_beside_those_of_bars(spa: Spa) -> None:
    _, bad = await furnished(spa)
    (strap,) = (await spa.http.get(f"/v1/equipment?branch_id={spa.branch_id}")).json()["items"]
    body = {"equipment_id": strap["id"], "title": EVIL, "due_on": "2027-01-31"}
    assert (await spa.http.post("/v1/work-orders", json=body)).status_code == 201
    of_bar, of_strap = await register(spa, "work_orders")
    assert (of_bar["Kind"], of_bar["Bar id"], of_bar["Equipment id"]) == ("bar", str(bad), "")
    assert (of_strap["Kind"], of_strap["Equipment id"], of_strap["Bar id"]) == ("strap", strap["id"], "")
    assert (of_strap["Room"], of_strap["Name"], of_strap["Title"]) == ("C1", f"'{EVIL}", f"'{EVIL}")
    assert of_strap["Due on"] == "2027-01-31"


async def test_the_workbook_has_all_of_it_with_days_as_days_and_no_formula(spa: Spa) -> None:
    await furnished(spa)
    answer = await spa.http.get(f"/v1/branches/{spa.branch_id}/register.xlsx")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "register-b.xlsx" in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["Bars", "Equipment", "Inspections", "Lock-outs", "Work orders"]
    assert all(cell.data_type != "f" and cell.hyperlink is None for sheet in book for row in sheet for cell in row)
    bar = cells(answer, "Bars")[0]
    assert (bar["Rated load kg"], bar["In service"]) == (300, True)
    assert bar["Certified until"].date() > date.today()  # noqa: DTZ011
    assert cells(answer, "Lock-outs")[0]["Reason"] == EVIL
    assert cells(answer, "Bars")[0].keys() == (await register(spa))[0].keys()


async def test_the_chains_register_holds_the_branches_of_the_token_and_no_other(spa: Spa, other: Spa) -> None:
    await furnished(spa)
    _, theirs = await other.cleared_room(300, "Z9")
    both = spa.signed_in("rooms:read", branches=[spa.branch_id, other.branch_id])
    own = spa.signed_in("rooms:read", branches=[spa.branch_id])
    assert {line["Room"] for line in lines(await both.get("/v1/register.csv"))} == {"A1", "B1", "C1", "Z9"}
    for sheet in ("bars", "inspections", "lockouts", "work_orders", "equipment"):
        answer = await own.get("/v1/register.csv", params={"sheet": sheet})
        assert str(theirs) not in answer.text
    assert str(theirs).encode() not in (await own.get("/v1/register.xlsx")).content
    for kind in ("csv", "xlsx"):
        assert (await own.get(f"/v1/branches/{other.branch_id}/register.{kind}")).status_code == 404
        assert (await spa.http.get(f"/v1/branches/{new_id()}/register.{kind}")).status_code == 404
        assert (await spa.signed_in("scheduling:read").get(f"/v1/register.{kind}")).status_code == 403


async def test_a_long_register_comes_whole(spa: Spa) -> None:
    await spa.sql(
        """INSERT INTO rooms (id, branch_id, code, name, turnover_minutes)
           SELECT uuidv7(), $1, 'N' || lpad(n::text, 5, '0'), 'n', 15 FROM generate_series(1, 3000) n""",
        spa.branch_id,
    )
    assert [line["Room"] for line in await register(spa)] == [f"N{n:05}" for n in range(1, 3001)]
