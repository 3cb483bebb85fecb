"""A certificate says what the record says, what it is worth now, and nothing when none is in force."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.room_equipment.domain.labels import address
from shared.kit.ids import new_id
from tests.room_equipment.conftest import LABEL_KEY
from tests.room_equipment.spa import Spa
from tests.shared.kit.printed import letters, read, shows_code, words

HOSTILE = ["<b>Ines</b> & <font size=90>", "=cmd|' /C calc'!A0", "踩背检验员", "Größe Проверка", "a\r\nSet-Cookie: x=1"]


async def certificate(spa: Spa, bar: UUID, **params: Any) -> httpx.Response:
    return await spa.http.get(f"/v1/bars/{bar}/certificate.pdf", params=params)


async def refused(spa: Spa, bar: UUID, reason: str, missing: str | None) -> dict[str, Any]:
    answer = await certificate(spa, bar)
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"], body["reason"]) == (409, "no_certificate", reason), answer.text
    assert body["missing_inspection"] == missing
    assert len(body["detail"].split()) > 5
    return body


async def test_a_certificate_says_what_was_examined_by_whom_with_what_result_and_until_when(spa: Spa) -> None:
    room = await spa.room("R7", name="Lotus")
    bar = await spa.bar(room, 250, serial="BB-0417", mounting="four anchors", material="steel", diameter_mm=42)
    done = await spa.installed(
        bar, 250, checklist=[{"item": "fixings tight", "result": "pass"},
                             {"item": "slight movement", "result": "flag", "note": "to be watched"}],
        result="pass_with_conditions", conditions="Tighten the left anchor",
        valid_until=(datetime.now(UTC).date() + timedelta(days=90)).isoformat(),
    )  # fmt: skip
    answer = await certificate(spa, bar)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"].startswith('inline; filename="certificate-b-BB-0417.pdf"')
    said = words(answer.content)
    until = datetime.fromisoformat(done["valid_until"])
    for part in (
        "Certificate of thorough examination", "BB-0417", "Safe working load (rated) 250 kg", "R7 (Lotus)",
        "four anchors", "steel, 42 mm", "after installation, with a load test", "Load test 250 kg",
        "pass with conditions", "flagged: slight movement", "Tighten the left anchor Deadline:", "to be watched",
        "Ines Pector", "Bars Ltd", "LOLER-1, valid until", "IN FORCE with conditions: valid through",
        f"{until.day} {until:%B %Y}, the whole day in Europe/Berlin", "Next examination due",
        "at most 6 months: house rule, not a standard", done["id"], "Page 1 of", "Printed", "Europe/Berlin, UTC+",
    ):  # fmt: skip
        assert part in said, part
    assert shows_code(
        answer.content, address("https://console.test", LABEL_KEY, bar), page=len(read(answer.content).pages) - 1
    )


async def test_the_hash_of_the_record_is_printed_and_is_that_of_its_entry(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    done = (await spa.http.get(f"/v1/bars/{bar}/inspections")).json()["items"][0]
    (entry,) = await spa.sql(
        "SELECT encode(hash, 'hex') AS hash FROM record_entries WHERE record = 'inspections' AND subject_id = $1",
        UUID(done["id"]),
    )
    shown = letters((await certificate(spa, bar)).content)
    assert "Hashoftherecord(SHA-256)" + entry["hash"] in shown


@pytest.mark.parametrize("text", HOSTILE)
async def test_whatever_people_typed_is_shown_as_typed(spa: Spa, text: str) -> None:
    room = await spa.room(name=text)
    bar = await spa.bar(room, 300, serial=text[:20].strip(), mounting=text, material=text, installed_by=text)
    inspector = {"name": text, "organisation": text, "credential": "L-1", "credential_valid_until": "2030-01-01"}
    checklist = [{"item": text, "result": "flag", "note": text + "x" * 1500}]
    answer = await certificate(spa, bar)
    assert answer.status_code == 409
    done = await spa.installed(bar, 300, inspector=inspector, checklist=checklist, note=text)
    answer = await certificate(spa, bar, inspection_id=done["id"])
    assert answer.status_code == 200
    assert "\n" not in answer.headers["content-disposition"]
    shown = letters(answer.content)
    assert shown.count("".join(text.split())) >= 8
    assert shown.count("x") >= 1500


async def test_without_a_certificate_in_force_it_says_which_inspection_is_missing(spa: Spa) -> None:
    room = await spa.room()
    bar = await spa.bar(room)
    await refused(spa, bar, "never_inspected", "installation")
    await spa.installed(bar)
    assert (await certificate(spa, bar)).status_code == 200
    await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "crack seen"})
    body = await refused(spa, bar, "locked_out", "after_event")
    assert datetime.fromisoformat(body["since"]) <= datetime.now(UTC)
    await spa.inspect(bar, "fail", kind="after_event")
    await refused(spa, bar, "failed", "after_event")


async def test_a_lapsed_a_removed_and_an_unproven_bar_have_none(spa: Spa) -> None:
    _, lapsed = await spa.cleared_room()
    await spa.as_superuser(
        "UPDATE inspections SET certified_until = now() - interval '1 hour', valid_until = current_date - 1"
        " WHERE bar_id = $1",
        lapsed,
    )
    body = await refused(spa, lapsed, "lapsed", "periodic")
    (latest,) = (await spa.http.get(f"/v1/bars/{lapsed}/inspections")).json()["items"]
    assert "LAPSED: it was valid through" in words((await certificate(spa, lapsed, inspection_id=latest["id"])).content)
    assert body["bar_id"] == str(lapsed)

    for change, reason in (({"mounting": "wall"}, "never_inspected"), ({"removed_on": "2026-01-01"}, "removed")):
        _, bar = await spa.cleared_room()
        tag = (await spa.http.get(f"/v1/bars/{bar}")).headers["etag"]
        await spa.http.patch(f"/v1/bars/{bar}", json=change, headers={"If-Match": tag})
        await refused(spa, bar, reason, "installation" if reason == "never_inspected" else None)


async def test_an_older_one_says_that_it_is_superseded_and_a_failed_one_that_it_certifies_nothing(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    (first,) = (await spa.http.get(f"/v1/bars/{bar}/inspections")).json()["items"]
    second = (await spa.inspect(bar)).json()
    old = words((await certificate(spa, bar, inspection_id=first["id"])).content)
    assert f"SUPERSEDED by inspection {second['id']}" in old
    assert "IN FORCE" not in old
    failed = (await spa.inspect(bar, "fail")).json()
    said = words((await certificate(spa, bar, inspection_id=failed["id"])).content)
    assert "FAILED: this report certifies nothing" in said
    assert "Certificate of" not in said
    (await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "noise"})).raise_for_status()
    assert (await certificate(spa, bar, inspection_id=new_id())).status_code == 404


async def test_it_is_asked_for_again_only_when_it_says_something_else(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    first = await certificate(spa, bar)
    same = await spa.http.get(f"/v1/bars/{bar}/certificate.pdf", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    (latest,) = (await spa.http.get(f"/v1/bars/{bar}/inspections")).json()["items"]
    await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "crack seen"})
    url = f"/v1/bars/{bar}/certificate.pdf?inspection_id={latest['id']}"
    other = await spa.http.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert "NOT IN FORCE: the bar is locked out since" in words(other.content)


async def test_another_branch_sees_no_certificate_label_or_placard(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    elsewhere = spa.signed_in("rooms:read", branches=[new_id()])
    for path in ("certificate.pdf", "label.pdf", "placard?signature=x"):
        answer = await elsewhere.get(f"/v1/bars/{bar}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "bar_not_found")
    assert (await elsewhere.get(f"/v1/branches/{spa.branch_id}/labels.pdf")).status_code == 404
    assert (await spa.signed_in("scheduling:read").get(f"/v1/bars/{bar}/certificate.pdf")).status_code == 403
