"""A chain's own versions: drafted by one, reviewed by another, asked from a moment on, never edited, never too mild."""

from typing import Any

import pytest

from tests.screening.authoring import (
    AUTHOR,
    a_name,
    activated,
    activation,
    asking,
    changed,
    drafted,
    massage_source,
    reviewed,
)
from tests.screening.chain import RECEPTION, Chain, soon


async def _do(chain: Chain, name: str, version: int, verb: str, subject: str, **body: Any) -> Any:
    return await chain.post(f"/v1/protocols/{name}/versions/{version}/{verb}", body, *AUTHOR, subject=subject)


async def _state(chain: Chain, name: str, version: int) -> str:
    return str((await chain.get(f"/v1/protocols/{name}/versions/{version}")).json()["state"])


async def test_a_version_goes_from_draft_over_another_persons_review_to_being_asked(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    version = await drafted(chain, name, source)
    assert (version, await _state(chain, name, version)) == (1, "draft")
    assert (await chain.get(f"/v1/protocols/{name}")).status_code == 404
    assert (await _do(chain, name, version, "submit", "ann")).json()["state"] == "submitted"
    assert (await _do(chain, name, version, "review", "rita", verdict="approved")).json()["state"] == "reviewed"
    await activation(chain, name, version)
    shown = (await chain.get(f"/v1/protocols/{name}")).json()
    assert (shown["version"], shown["state"]) == (1, "active")
    second, _ = await activated(chain, name, asking(source, "tired"))
    assert (second, await _state(chain, name, 1)) == (2, "retired")
    listed = (await chain.get(f"/v1/protocols/{name}/versions")).json()["items"]
    assert [(each["version"], each["state"]) for each in listed] == [(2, "active"), (1, "retired")]
    assert [(step["step"], step["actor"]) for step in listed[1]["steps"]] == [
        ("submitted", "ann"),
        ("approved", "rita"),
    ]


async def test_nobody_reviews_what_they_wrote_or_submitted(chain: Chain) -> None:
    name = a_name()
    version = await drafted(chain, name, await massage_source(chain))
    await _do(chain, name, version, "submit", "sam-submitter")
    for subject in ("ann-author", "sam-submitter"):
        refused = await _do(chain, name, version, "review", subject, verdict="approved")
        assert (refused.status_code, refused.json()["code"]) == (409, "reviewer_is_author")
    assert (await _do(chain, name, version, "review", "rita", verdict="sent_back")).json()["state"] == "sent_back"


@pytest.mark.parametrize(("verb", "body"), [("review", {"verdict": "approved"}), ("activate", {})])
async def test_what_was_not_submitted_is_neither_reviewed_nor_activated(
    chain: Chain, verb: str, body: dict[str, str]
) -> None:
    name = a_name()
    version = await drafted(chain, name, await massage_source(chain))
    refused = await _do(chain, name, version, verb, "rita", **body)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")


async def test_an_unsound_draft_is_refused_with_every_flaw_and_where_it_is(chain: Chain) -> None:
    source = changed(await massage_source(chain), "epilepsy", when={"epilepsy": "no"})
    source = changed(source, "cancer", when={"canser": "yes"})
    source["rules"].append({"reason": "x", "when": {"pregnancy": "yes"}, "outcome": "deferred"})
    refused = await chain.post("/v1/protocols", source | {"name": a_name()}, *AUTHOR)
    assert (refused.status_code, refused.json()["code"]) == (422, "unsound_protocol")
    epilepsy = next(n for n, rule in enumerate(source["rules"]) if rule["reason"] == "epilepsy")
    found = {(error["code"], error["pointer"]) for error in refused.json()["errors"]}
    assert (("not_monotone", f"/rules/{epilepsy}/when")) in found
    assert {code for code, _ in found} == {"not_monotone", "unknown_question", "invalid_deferral", "no_outcome"}
    assert all(error["detail"] for error in refused.json()["errors"])


async def test_a_draft_may_lack_a_translation_and_is_not_submitted_without_it(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    del source["questions"][0]["text"]["zh-Hans"]
    response = await chain.post("/v1/protocols", source | {"name": name}, *AUTHOR)
    assert response.status_code == 201
    assert [(flaw["pointer"], flaw["code"]) for flaw in response.json()["flaws"]] == [
        ("/questions/0/text", "translation_missing")
    ]
    refused = await _do(chain, name, 1, "submit", "ann")
    assert (refused.status_code, refused.json()["code"]) == (409, "translation_missing")
    assert refused.json()["errors"][0]["pointer"] == "/questions/0/text"


async def test_a_copy_milder_than_the_defaults_declines_is_refused_with_what_got_milder(chain: Chain) -> None:
    source = (await chain.get("/v1/protocols/back-stepping/versions/2/source")).json()
    source = changed(source, "osteoporosis", outcome="clearance_required")
    source["questions"] = [each for each in source["questions"] if each["id"] != "disc"]
    source["rules"] = [each for each in source["rules"] if each["reason"] != "disc"]
    response = await chain.post("/v1/protocols/back-stepping/versions", source, *AUTHOR)
    version = response.json()["version"]
    assert {(each["reason"], each["here"]) for each in response.json()["milder"]} == {
        ("osteoporosis", "clearance_required"),
        ("disc", None),
    }
    refused = await _do(chain, "back-stepping", version, "submit", "ann")
    assert (refused.status_code, refused.json()["code"]) == (409, "milder_than_default")
    assert {each["reason"] for each in refused.json()["milder"]} == {"osteoporosis", "disc"}
    assert (await chain.get("/v1/protocols/back-stepping")).json()["version"] == 2


async def test_a_version_is_asked_from_its_moment_and_can_be_withdrawn_before(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    await activated(chain, name, source)
    version = await reviewed(chain, name, asking(source, "tired"))
    path = f"/v1/protocols/{name}/versions/{version}"
    past = await chain.post(f"{path}/activate", {"active_from": soon(-1).isoformat()}, *AUTHOR)
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/active_from")
    later = await chain.post(f"{path}/activate", {"active_from": soon(1).isoformat()}, *AUTHOR)
    assert (later.status_code, later.json()["state"]) == (202, "scheduled")
    assert later.headers["location"] == f"/v1/protocol-activations/{later.json()['id']}"
    assert (await _state(chain, name, version), await _state(chain, name, 1)) == ("scheduled", "active")
    await chain.as_superuser(
        "UPDATE protocol_activations SET active_from = clock_timestamp() WHERE name = $1 AND version = 2", name
    )
    assert (await chain.get(f"/v1/protocols/{name}")).json()["version"] == 2
    refused = await _do(chain, name, 2, "withdraw", "ann")
    assert (refused.status_code, refused.json()["state"]) == (409, "active")
    third = await reviewed(chain, name, asking(source, "hungry"))
    await chain.post(f"/v1/protocols/{name}/versions/{third}/activate", {"active_from": soon(1).isoformat()}, *AUTHOR)
    assert (await _do(chain, name, third, "withdraw", "ann", reason="A mistake.")).json()["state"] == "withdrawn"
    again = await _do(chain, name, third, "activate", "ann")
    assert (again.status_code, again.json()["state"]) == (409, "withdrawn")


async def test_an_earlier_version_can_be_asked_again(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    await activated(chain, name, source)
    await activated(chain, name, asking(source, "tired"))
    await activation(chain, name, 1)
    assert (await chain.get(f"/v1/protocols/{name}")).json()["version"] == 1


async def test_what_is_written_is_answered_as_it_was_and_can_be_sent_again(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    await drafted(chain, name, source, based_on=None)
    again = (await chain.get(f"/v1/protocols/{name}/versions/1/source")).json()
    assert again == source
    assert await drafted(chain, name, again, based_on=1) == 2
    digests = {each["digest"] for each in (await chain.get(f"/v1/protocols/{name}/versions")).json()["items"]}
    assert len(digests) == 1
    refused = await chain.post(f"/v1/protocols/{name}/versions", source | {"based_on": 9}, *AUTHOR)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/based_on")


async def test_only_who_may_and_sees_every_branch_decides_what_all_are_asked(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    assert (await chain.post(f"/v1/protocols/{name}/versions", source, *RECEPTION)).status_code == 403
    here = {"branches": [chain.branch_id]}
    refused = await chain.post(f"/v1/protocols/{name}/versions", source, *AUTHOR, **here)
    assert (refused.status_code, refused.json()["code"]) == (403, "all_branches_needed")
    version = await drafted(chain, name, source)
    for verb, body in (("submit", {}), ("review", {"verdict": "approved"}), ("activate", {}), ("withdraw", {})):
        path = f"/v1/protocols/{name}/versions/{version}/{verb}"
        assert (await chain.post(path, body, *RECEPTION)).status_code == 403
        assert (await chain.post(path, body, *AUTHOR, **here)).json()["code"] == "all_branches_needed"


@pytest.mark.parametrize("path", ["/versions/99/source", "/versions/99", "/versions/4000000000", "/versions/0"])
async def test_a_version_that_is_not_there_is_not_found(chain: Chain, path: str) -> None:
    assert (await chain.get(f"/v1/protocols/massage{path}")).json()["code"] == "protocol_not_found"


async def test_a_protocol_is_made_once_and_a_version_only_of_one_that_is_there(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    missing = await chain.post(f"/v1/protocols/{name}/versions", source, *AUTHOR)
    assert (missing.status_code, missing.json()["code"]) == (404, "protocol_not_found")
    assert (await chain.post("/v1/protocols", source | {"name": name}, *AUTHOR)).status_code == 201
    again = await chain.post("/v1/protocols", source | {"name": name}, *AUTHOR)
    assert (again.status_code, again.json()["code"]) == (409, "protocol_exists")
