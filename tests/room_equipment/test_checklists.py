"""Checklists: which is in force where, that a version stays as it is, and that an inspection answers all of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.room_equipment.spa import INSPECTOR, Spa

ITEMS = [
    {"id": "hooks", "text": "Hooks are closed"},
    {"id": "held", "text": "Load test where due", "required": False, "load_test": True},
]


async def publish(spa: Spa, kind: str = "periodic", *, chain: bool = False, **values: Any) -> dict[str, Any]:
    body = {"title": "Ours", "items": ITEMS, "branch_id": None if chain else str(spa.branch_id)} | values
    answer = await spa.http.post(f"/v1/checklists/{kind}/versions", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert (await spa.http.get(answer.headers["Location"])).json() == found
    return found


async def in_force(spa: Spa, kind: str = "periodic") -> dict[str, Any]:
    found: dict[str, Any] = (await spa.http.get(f"/v1/checklists/{kind}?branch_id={spa.branch_id}")).json()
    return found


def answers(checklist: dict[str, Any], but: tuple[str, ...] = (), **results: str) -> list[dict[str, str]]:
    """Every item passed, but those left out and those with another result."""
    return [
        {"item": item["id"], "result": results.get(item["id"], "pass")}
        for item in checklist["items"]
        if item["id"] not in but and (item["required"] or item["id"] in results)
    ]


@pytest_asyncio.fixture(loop_scope="session")
async def bar(spa: Spa) -> AsyncIterator[Any]:
    _, bar = await spa.cleared_room()
    yield bar


async def refused(answer: httpx.Response, code: str, pointer: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (422, code), answer.text
    assert body["errors"][0]["pointer"] == pointer
    return body


async def test_there_is_one_of_each_kind_and_it_asks_what_the_seed_asks(spa: Spa) -> None:
    found = {c["kind"]: c for c in (await spa.http.get("/v1/checklists")).json()["items"]}
    assert list(found) == ["installation", "periodic", "pre_use", "after_event"]
    asked = {item["id"] for item in found["periodic"]["items"]}
    assert asked == {
        "fixings", "cracks", "corrosion", "bent_bar", "ceiling", "movement", "label", "straps", "load_test"
    }  # fmt: skip
    test = {kind: [i["required"] for i in c["items"] if i["load_test"]] for kind, c in found.items()}
    assert test == {"installation": [True], "periodic": [False], "pre_use": [], "after_event": [False]}


async def test_an_inspection_copies_the_items_it_answers(spa: Spa, bar: Any) -> None:
    checklist = await in_force(spa)
    sent = [*answers(checklist, straps="flag"), {"item": "paint is scratched", "result": "flag"}]
    body = (await spa.inspect(bar, checklist_template={"version": 1}, checklist=sent)).json()
    assert body["checklist_template"] == {"kind": "periodic", "version": 1, "source": "default"}
    first, last = body["checklist"][0], body["checklist"][-1]
    assert (first["item"], first["text"]) == ("fixings", "Fixings are tight: anchors, bolts, brackets")
    assert last["item"] == "paint is scratched" and len(body["checklist"]) == 9
    await publish(spa)
    assert (await spa.http.get(f"/v1/bars/{bar}/inspections")).json()["items"][0]["checklist"] == body["checklist"]


async def test_an_item_may_be_named_by_its_text(spa: Spa, bar: Any) -> None:
    checklist = await in_force(spa)
    sent = [{"item": item["text"].upper(), "result": "pass"} for item in checklist["items"] if item["required"]]
    answer = await spa.inspect(bar, checklist_template={"kind": "periodic", "version": 1}, checklist=sent)
    assert answer.status_code == 201, answer.text


async def test_every_required_item_is_answered_once(spa: Spa, bar: Any) -> None:
    checklist, template = await in_force(spa), {"version": 1}
    few = answers(checklist, but=("cracks", "label"))
    body = await refused(
        await spa.inspect(bar, checklist_template=template, checklist=few), "checklist_item_missing", "/checklist"
    )
    assert body["missing"] == ["cracks", "label"] and "No cracks" in body["detail"]
    twice = [*answers(checklist), {"item": "cracks", "result": "fail"}]
    await refused(
        await spa.inspect(bar, checklist_template=template, checklist=twice), "item_answered_twice", "/checklist/8/item"
    )


async def test_a_failed_report_answers_its_checklist_too(spa: Spa, bar: Any) -> None:
    few = [{"item": "cracks", "result": "fail"}]
    answer = await spa.inspect(bar, "fail", checklist_template={"version": 1}, checklist=few)
    assert answer.json()["code"] == "checklist_item_missing"
    whole = answers(await in_force(spa), cracks="fail")
    assert (await spa.inspect(bar, "fail", checklist_template={"version": 1}, checklist=whole)).status_code == 201


@pytest.mark.parametrize(
    ("result", "load_test_kg", "code", "pointer"),
    [
        (None, 300, "load_test_unanswered", "/checklist"),
        ("pass", None, "load_test_required", "/load_test_kg"),
        ("pass", 299.9, "load_test_required", "/load_test_kg"),
    ],
)
async def test_the_load_tests_item_agrees_with_its_kilograms(
    spa: Spa, bar: Any, result: str | None, load_test_kg: float | None, code: str, pointer: str
) -> None:
    sent = answers(await in_force(spa))
    if result is not None:
        sent.append({"item": "load_test", "result": result})
    await refused(
        await spa.inspect(bar, checklist_template={"version": 1}, checklist=sent, load_test_kg=load_test_kg),
        code, pointer,
    )  # fmt: skip
    held = answers(await in_force(spa), load_test="pass")
    good = await spa.inspect(bar, checklist_template={"version": 1}, checklist=held, load_test_kg=300)
    assert good.status_code == 201, good.text


@pytest.mark.parametrize(
    ("template", "code", "pointer"),
    [
        ({"version": 7}, "unknown_checklist", "/checklist_template/version"),
        ({"kind": "installation", "version": 1}, "checklist_of_another_kind", "/checklist_template/kind"),
        ({"version": 0}, "invalid_input", "/checklist_template/version"),
    ],
)
async def test_a_checklist_that_is_not_there_is_refused(
    spa: Spa, bar: Any, template: dict[str, Any], code: str, pointer: str
) -> None:
    sent = answers(await in_force(spa))
    await refused(await spa.inspect(bar, checklist_template=template, checklist=sent), code, pointer)


async def test_a_branchs_own_wins_over_the_chains_and_that_over_the_shipped_one(spa: Spa) -> None:
    other = await Spa(spa.app, spa.mint, spa.database).open()
    kind = "after_event"
    assert (await in_force(spa, kind))["source"] == "default"
    of_chain = await publish(spa, kind, chain=True, title="The chain's")
    assert (await in_force(spa, kind))["title"] == (await in_force(other, kind))["title"] == of_chain["title"]
    first = await publish(spa, kind, title="The branch's")
    assert (first["version"], first["source"]) == (1, "branch")
    assert (await publish(spa, kind))["version"] == 2
    assert (await in_force(spa, kind))["source"] == "branch" and (await in_force(other, kind))["source"] == "chain"
    old = (await spa.http.get(f"/v1/checklists/{kind}/versions/1?branch_id={spa.branch_id}")).json()
    assert old == first | {"superseded_at": old["superseded_at"]} and old["superseded_at"]


async def test_an_inspection_performed_before_a_new_version_may_answer_the_one_before(spa: Spa, bar: Any) -> None:
    await publish(spa, title="First")
    before = datetime.now(UTC).isoformat()
    await publish(spa, items=[*ITEMS, {"id": "more", "text": "More"}])
    sent = [{"item": "hooks", "result": "pass"}]
    late = await spa.inspect(bar, checklist_template={"version": 1}, checklist=sent)
    await refused(late, "checklist_superseded", "/checklist_template/version")
    good = await spa.inspect(bar, checklist_template={"version": 1}, checklist=sent, performed_at=before)
    # To the second, a bar's installation inspection a moment ago is not later.
    assert good.status_code == 201, good.text


async def test_the_chains_needs_a_token_of_the_chain(spa: Spa) -> None:
    http = spa.signed_in(*INSPECTOR, branches=[spa.branch_id])
    body: dict[str, Any] = {"title": "T", "items": ITEMS}
    refusal = await http.post("/v1/checklists/periodic/versions", json=body)
    assert (refusal.status_code, refusal.json()["code"]) == (403, "chain_token_required")
    own = await http.post("/v1/checklists/periodic/versions", json=body | {"branch_id": str(spa.branch_id)})
    assert own.status_code == 201
    stranger = spa.signed_in(*INSPECTOR, branches=[spa.massage])
    assert (await stranger.get(f"/v1/checklists?branch_id={spa.branch_id}")).status_code == 404


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([{"id": "a", "text": "A"}, {"id": "A", "text": "B"}], "/items/1/id"),
        ([{"id": x, "text": x, "load_test": True} for x in "ab"], "/items/1/load_test"),
        ([], "/items"),
    ],
)
async def test_an_unsound_list_is_refused(spa: Spa, items: list[Any], pointer: str) -> None:
    answer = await spa.http.post("/v1/checklists/periodic/versions", json={"title": "T", "items": items})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_pass_without_any_checklist_is_refused_and_a_failure_is_not(spa: Spa, bar: Any) -> None:
    await refused(await spa.inspect(bar, checklist=[]), "checklist_required", "/checklist")
    assert (await spa.inspect(bar, "fail", checklist=[])).status_code == 201


@pytest.mark.parametrize("statement", ["UPDATE checklists SET title = 'x'", "DELETE FROM checklists",
                                       "UPDATE house_rules SET rules = '{}'", "DELETE FROM house_rules"])  # fmt: skip
async def test_what_was_published_cannot_be_edited(spa: Spa, statement: str) -> None:
    from asyncpg.exceptions import InsufficientPrivilegeError

    with pytest.raises(InsufficientPrivilegeError):
        await spa.sql(statement)
