"""The register of inspectors: one on a ladder picks himself; no ended credential and nobody withdrawn inspects."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.kit.ids import new_id
from tests.room_equipment.spa import INSPECTOR, Spa


def today(days: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


async def registered(spa: Spa, **values: Any) -> dict[str, Any]:
    body = {"name": "Ines Prüfer", "credential": f"LOLER {new_id().hex}", "valid_until": today(400)} | values
    answer = await spa.http.post("/v1/inspectors", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_inspection_copies_the_inspector_it_names(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    inspector = await registered(spa, organisation="Lift Inspectors")
    body = (await spa.inspect(bar, inspector={"inspector_id": inspector["id"]})).json()
    assert body["inspector_id"] == inspector["id"]
    copied = (body["inspector_name"], body["inspector_organisation"], body["inspector_credential"])
    assert copied == ("Ines Prüfer", "Lift Inspectors", inspector["credential"])
    assert body["credential_valid_until"] == inspector["valid_until"]
    path = f"/v1/inspectors/{inspector['id']}"
    await spa.http.patch(path, json={"name": "Ines Neuname"}, headers={"If-Match": "*"})
    kept = (await spa.http.get(f"/v1/bars/{bar}/inspections")).json()["items"][0]
    assert kept["inspector_name"] == "Ines Prüfer"


async def test_a_credential_that_had_ended_that_day_inspects_nothing(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    inspector = await registered(spa, valid_until=today(-2))
    answer = await spa.inspect(bar, inspector={"inspector_id": inspector["id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "credential_expired")
    assert answer.json()["errors"][0]["pointer"] == "/inspector/inspector_id"


async def test_a_withdrawn_inspector_inspects_nothing_until_put_back(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    inspector = await registered(spa)
    path, named = f"/v1/inspectors/{inspector['id']}", {"inspector_id": inspector["id"]}
    changed = await spa.http.patch(path, json={"in_service": False}, headers={"If-Match": '"1"'})
    assert changed.headers["ETag"] == '"2"'
    refused = await spa.inspect(bar, inspector=named)
    assert (refused.status_code, refused.json()["code"]) == (409, "inspector_withdrawn")
    await spa.http.patch(path, json={"in_service": True}, headers={"If-Match": '"2"'})
    assert (await spa.inspect(bar, inspector=named)).status_code == 201


async def test_the_repairer_of_the_bar_is_known_by_his_credential_in_the_register_too(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    inspector = await registered(spa, credential="FIT 77-1")
    await spa.inspect(bar, "fail")
    await spa.repaired(bar, credential="fit-771")
    answer = await spa.inspect(bar, inspector={"inspector_id": inspector["id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "inspector_is_repairer")


@pytest.mark.parametrize(
    ("inspector", "pointer"),
    [
        ({"inspector_id": str(new_id())}, "/inspector/inspector_id"),
        ({"inspector_id": "x"}, "/inspector/inspector_id"),
        ({"inspector_id": str(new_id()), "name": "Both"}, "/inspector/name"),
        ({"name": "No credential", "credential_valid_until": "2027-01-01"}, "/inspector/credential"),
        ({}, "/inspector/name"),
        ("Ines", "/inspector"),
    ],
)
async def test_an_inspector_that_is_neither_is_refused_with_its_place(spa: Spa, inspector: Any, pointer: str) -> None:
    _, bar = await spa.cleared_room()
    answer = await spa.inspect(bar, inspector=inspector)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text


async def test_a_credential_is_one_inspectors(spa: Spa) -> None:
    one, other = await registered(spa), await registered(spa)
    same = one["credential"].replace(" ", "-").lower()
    body = {"name": "N", "credential": same, "valid_until": today(1)}
    answer = await spa.http.post("/v1/inspectors", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "credential_taken")
    path = f"/v1/inspectors/{other['id']}"
    taken = await spa.http.patch(path, json={"credential": same}, headers={"If-Match": "*"})
    assert (taken.status_code, taken.json()["code"]) == (409, "credential_taken")


async def test_the_register_is_the_chains_and_changed_from_the_version_that_was_read(spa: Spa) -> None:
    inspector = await registered(spa)
    path = f"/v1/inspectors/{inspector['id']}"
    own = spa.signed_in(*INSPECTOR, branches=[spa.branch_id])
    assert (await own.get(path)).json() == inspector
    body = {"name": "N", "credential": "X-9", "valid_until": today(1)}
    for answer in (
        await own.post("/v1/inspectors", json=body),
        await own.patch(path, json={"valid_until": today(9_000)}, headers={"If-Match": "*"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "chain_token_required")
    assert (await spa.http.patch(path, json={})).status_code == 428
    assert (await spa.http.patch(path, json={}, headers={"If-Match": '"9"'})).status_code == 412
    assert (await spa.http.patch(path, json={"name": None}, headers={"If-Match": "*"})).status_code == 422
    withdrawn = await registered(spa, in_service=False)
    listed = (await own.get("/v1/inspectors?in_service=false&limit=200")).json()["items"]
    ids = {item["id"] for item in listed}
    assert withdrawn["id"] in ids and inspector["id"] not in ids
