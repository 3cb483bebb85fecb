"""Reports as people get them: as JSON, in a spreadsheet, only of what they may see, and never without bounds."""

import csv
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.scheduling.builders import Chain, Place, tomorrow

EVIL = '=HYPERLINK("http://x","y")'


async def priced(chain: Chain, **branch: Any) -> Place:
    place = await chain.place(**branch)
    await price(chain, place, 8950, 1)
    return place


async def price(chain: Chain, place: Place, amount: int, version: int) -> None:
    change = {"price": {"amount": amount, "currency": "EUR"}}
    path = f"/v1/treatments/{place.treatment_id}"
    assert (await chain.http.patch(path, json=change, headers={"If-Match": f'"{version}"'})).status_code == 200


def days(**more: Any) -> dict[str, Any]:
    day = tomorrow(12).date().isoformat()
    return {"from": day, "to": day} | more


async def test_a_report_does_not_change_when_a_price_does(chain: Chain) -> None:
    place = await priced(chain)
    await chain.confirmed(place, tomorrow(10))
    asked = days(branch_id=place.branch_id, by=["branch", "treatment"])
    before = (await chain.get("/v1/reports/revenue", **asked))["items"]
    assert [(row["currency"], row["expected"]) for row in before] == [("EUR", 8950)]
    await price(chain, place, 12_000, 2)
    assert (await chain.get("/v1/reports/revenue", **asked))["items"] == before
    await chain.confirmed(place, tomorrow(14))
    assert (await chain.get("/v1/reports/revenue", **asked))["items"][0]["expected"] == 8950 + 12_000


async def test_a_session_moves_from_booked_to_cancelled_late_with_its_fee(chain: Chain) -> None:
    place = await priced(chain)
    policy = {"branch_id": place.branch_id, "free_until_minutes": 43_200, "fee_percent": 50}
    assert (await chain.http.put("/v1/cancellation-policies", json=policy)).is_success
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.post(f"/v1/appointments/{booked['id']}/cancel", {"reason": "client"}, 200)
    [row] = (await chain.get("/v1/reports/cancellations", **days(branch_id=place.branch_id)))["items"]
    assert (row["booked"], row["cancelled"], row["late"], row["cancellation_rate"]) == (1, 1, 1, 1.0)
    assert (row["cancelled_by_reason"], row["late_fees"]) == ({"client": 1}, [{"amount": 4475, "currency": "EUR"}])
    text = (await chain.http.get("/v1/reports/cancellations.csv", params=days(branch_id=place.branch_id))).text
    [line] = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    assert (line["Late fees EUR"], line["By client"], line["By others"]) == ("44.75", "1", "0")


async def test_what_a_person_typed_is_text_in_every_sheet_and_money_is_in_whole_units(chain: Chain) -> None:
    place = await priced(chain, name=EVIL)
    await chain.confirmed(place, tomorrow(10))
    asked = days(branch_id=place.branch_id)
    answer = await chain.http.get("/v1/reports/revenue.csv", params=asked)
    assert answer.headers["content-disposition"].startswith('attachment; filename="revenue-20')
    [line] = csv.DictReader(StringIO(answer.text.removeprefix("\ufeff")))
    assert (line["Branch name"], line["Currency"], line["Expected"]) == (f"'{EVIL}", "EUR", "89.50")
    book = load_workbook(BytesIO((await chain.http.get("/v1/reports/revenue.xlsx", params=asked)).content))
    head, row = book["Revenue"].iter_rows()
    cells = {title.value: cell for title, cell in zip(head, row, strict=True)}
    assert (cells["Branch name"].value, cells["Branch name"].data_type) == (EVIL, "s")
    assert (cells["Expected"].value, cells["Expected"].data_type) == (89.5, "n")
    meanings = {cells[0].value: cells[1].value for cells in book["Meanings"].iter_rows(min_row=2)}
    assert meanings.keys() == {title.value for title in head} - {"From day", "Branch code", "Branch name"}


@pytest.mark.parametrize(
    ("name", "change", "code", "parameter"),
    [
        ("revenue", {"from": "2026-01-01", "to": "2027-01-02"}, "report_too_long", "query:to"),
        ("revenue", {"from": "0001-01-01", "to": "9999-12-31"}, "report_too_long", "query:to"),
        ("revenue", {"from": "2026-02-02", "to": "2026-02-01"}, "invalid_interval", "query:to"),
        ("revenue", {"from": "2026-02-30"}, "invalid_input", "query:from"),
        ("revenue", {"by": "client"}, "invalid_input", "query:by.0"),
        ("utilisation", {"by": ["branch", "treatment"]}, "cannot_split", "query:by"),
        ("utilisation", {"branch_id": [f"01995a3e-7c00-7000-8000-{n:012}" for n in range(40)], "from": "2026-01-01",
                         "to": "2026-12-31"}, "report_too_wide", "query:branch_id"),
    ],
    ids=["long", "for ever", "backwards", "no such day", "by client", "by treatment", "wide"],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["", ".csv", ".xlsx"])
async def test_a_report_that_makes_no_sense_or_has_no_bounds_is_refused_before_any_work(
    chain: Chain, name: str, change: dict[str, Any], code: str, parameter: str, suffix: str
) -> None:
    answer = await chain.http.get(f"/v1/reports/{name}{suffix}", params=days() | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert parameter in [error["parameter"] for error in answer.json()["errors"]]


async def test_a_report_shows_only_the_branches_of_the_token(chain: Chain) -> None:
    here, there = await priced(chain), await priced(chain)
    for place in (here, there):
        await chain.confirmed(place, tomorrow(10))
    mine = chain.mint.bearer("scheduling:read", branches=[here.branch_id])
    for name in ("utilisation", "cancellations", "displaced", "revenue"):
        path = f"/v1/reports/{name}"
        seen = (await chain.http.get(path, params=days(), headers=mine)).json()["items"]
        assert {row["branch_id"] for row in seen} == {here.branch_id}, name
        hidden = await chain.http.get(path, params=days(branch_id=there.branch_id), headers=mine)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    whole = await chain.get("/v1/reports/revenue", **days(by="chain", branch_id=[here.branch_id, there.branch_id]))
    assert [(row["branch_id"], row["expected"]) for row in whole["items"]] == [(None, 2 * 8950)]
    none = await chain.http.get("/v1/reports/revenue", params=days(), headers=chain.mint.bearer("rooms:read"))
    assert none.status_code == 403


@pytest.mark.parametrize(
    ("per", "firsts"),
    [("period", ["2026-02-25"]), ("week", ["2026-02-25", "2026-03-02"]), ("month", ["2026-02-25", "2026-03-01"]),
     ("day", [f"2026-02-{n}" for n in range(25, 29)] + [f"2026-03-0{n}" for n in range(1, 4)])],
)  # fmt: skip
async def test_days_are_cut_by_day_week_or_month_and_named_by_the_first(
    chain: Chain, per: str, firsts: list[str]
) -> None:
    branch = await chain.branch("Europe/Berlin")
    therapist = await chain.therapist(branch, shift=False)
    shift = {"branch_id": branch, "starts_at": "2026-02-20T10:00:00+01:00", "ends_at": "2026-02-20T12:00:00+01:00"}
    await chain.sql_all(
        "INSERT INTO shift_windows SELECT :shift, CAST(:who AS uuid), CAST(:branch AS uuid),"
        " tstzrange(d + interval '10 hours', d + interval '12 hours')"
        " FROM generate_series(timestamptz '2026-02-24 23:00Z', '2026-03-02 23:00Z', interval '1 day') d",
        [{"shift": (await chain.post(f"/v1/therapists/{therapist}/shifts", shift))["id"], "who": therapist,
          "branch": branch}],
    )  # fmt: skip
    asked = {"from": "2026-02-25", "to": "2026-03-03", "branch_id": branch, "per": per}
    rows = (await chain.get("/v1/reports/utilisation", **asked))["items"]
    assert [row["first_day"] for row in rows] == firsts
    assert sum(row["available_minutes"] for row in rows) == 7 * 120
