"""A new version re-runs standing decisions: both ways, resumable, counted, and never a word of why."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from shared.kit.ids import new_id
from tests.screening.authoring import (
    AUTHOR,
    Source,
    a_name,
    activated,
    activation,
    asking,
    changed,
    massage_source,
    one_batch,
    progress,
    rerun,
    reviewed,
    screened_under,
)
from tests.screening.chain import CLINICIAN, RECEPTION, THERAPIST, Chain, letter

COUNTS = ("to_stricter", "to_milder", "unchanged", "needs_new_answers")


def counts(shown: dict[str, Any]) -> tuple[int, ...]:
    return tuple(shown[each] for each in COUNTS)


async def standing(chain: Chain, name: str, client_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = (await chain.get(f"/v1/clients/{client_id}/standing?protocol={name}")).json()
    return found


def both_ways(source: Source) -> Source:
    """Epilepsy becomes a decline, diabetes is let through."""
    made = changed(source, "epilepsy", outcome="declined")
    return changed(made, "diabetes", outcome="cleared")


async def a_protocol(chain: Chain) -> tuple[str, Source]:
    name, source = a_name(), await massage_source(chain)
    await activated(chain, name, source)
    return name, source


async def test_who_changes_is_counted_both_ways_and_bookings_hear_of_it(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    stricter, milder, same = [await chain.client() for _ in range(3)]
    old = await screened_under(chain, name, 1, stricter, epilepsy="yes")
    await screened_under(chain, name, 1, milder, diabetes="yes")
    await screened_under(chain, name, 1, same)
    before = await chain.outbox_end()
    _, id = await activated(chain, name, both_ways(source))
    shown = await rerun(chain, id, batch=2)
    assert counts(shown) == (1, 1, 1, 0)
    assert (shown["total"], shown["done"], shown["state"]) == (3, 3, "done")
    announced = {event["client_id"]: event["outcome"] for event in await chain.announced(before)}
    assert announced == {str(stricter): "declined", str(milder): "cleared"}
    assert await chain.book(stricter, screening_protocol=name) == "screening_declined"
    assert await chain.book(milder, screening_protocol=name) is None
    assert (await standing(chain, name, same))["protocol_version"] == 2
    kept = (await chain.get(f"/v1/screenings/{old['id']}", *CLINICIAN)).json()
    assert (kept["protocol_version"], kept["outcome"]) == (1, "clearance_required")
    assert (kept["redecided"]["protocol_version"], kept["redecided"]["outcome"]) == (2, "declined")
    assert [reason["code"] for reason in kept["redecided"]["reasons"]] == ["epilepsy"]
    assert (await chain.get(f"/v1/screenings/{old['id']}", *RECEPTION)).json()["redecided"] is None


async def test_a_dry_run_says_the_same_and_changes_nothing(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    client_id = await chain.client()
    await screened_under(chain, name, 1, client_id, epilepsy="yes")
    version = await reviewed(chain, name, both_ways(source))
    stood, before = await standing(chain, name, client_id), await chain.outbox_end()
    shown = await rerun(chain, await activation(chain, name, version, "?dry_run=true"))
    assert (shown["dry_run"], counts(shown)) == (True, (1, 0, 0, 0))
    assert await standing(chain, name, client_id) == stood
    assert await chain.announced(before) == []
    assert (await chain.get(f"/v1/protocols/{name}")).json()["version"] == 1


async def test_a_new_question_asks_again_and_confirms_nothing_meanwhile(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    client_id, declined = await chain.client(), await chain.client()
    await screened_under(chain, name, 1, client_id)
    await screened_under(chain, name, 1, declined, aneurysm="yes")
    _, id = await activated(chain, name, asking(source, "gout"))
    assert counts(await rerun(chain, id)) == (0, 0, 1, 1)
    assert await chain.book(client_id, screening_protocol=name) == "screening_required"
    assert await chain.book(declined, screening_protocol=name) == "screening_declined"
    await screened_under(chain, name, 2, client_id)
    assert await chain.book(client_id, screening_protocol=name) is None


async def test_a_run_that_is_interrupted_goes_on_and_doubles_nothing(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    clients = [await chain.client() for _ in range(5)]
    for client_id in clients:
        await screened_under(chain, name, 1, client_id, epilepsy="yes")
    _, id = await activated(chain, name, both_ways(source))
    before = await chain.outbox_end()
    while (await progress(chain, id))["done"] < 2:
        await one_batch(chain, 2)

    async def dies() -> None:
        async with chain.app.state.database.transaction() as tx:
            from services.screening.handlers.rescreen import next_batch

            assert await next_batch(tx, chain.app.state.vault, 2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await dies()
    assert (await progress(chain, id))["done"] == 2
    assert counts(await rerun(chain, id, batch=2)) == (5, 0, 0, 0)
    announced = [event["client_id"] for event in await chain.announced(before)]
    assert sorted(announced) == sorted(map(str, clients))


async def test_two_workers_share_a_run_without_doing_anything_twice(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    for _ in range(6):
        await screened_under(chain, name, 1, await chain.client(), diabetes="yes")
    _, id = await activated(chain, name, both_ways(source))
    await asyncio.gather(rerun(chain, id, batch=1), rerun(chain, id, batch=1))
    assert counts(await progress(chain, id)) == (0, 6, 0, 0)


async def test_a_later_activation_supersedes_a_run_that_is_not_over(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    client_id = await chain.client()
    await screened_under(chain, name, 1, client_id, epilepsy="yes")
    _, first = await activated(chain, name, both_ways(source))
    second = await activation(chain, name, 1)
    assert counts(await rerun(chain, second)) == (0, 0, 1, 0)
    await rerun(chain, first)
    assert (await standing(chain, name, client_id))["outcome"] == "clearance_required"
    assert (await chain.get(f"/v1/protocols/{name}")).json()["version"] == 1


@pytest.mark.parametrize(
    ("verdict", "reason", "outcome", "after"),
    [
        ("no_limits", "epilepsy", "clearance_required", "cleared"),  # the letter speaks about it
        ("no_limits", "gout", "clearance_required", "deferred"),  # not asked yet: asked first
        ("inadvisable", "epilepsy", "cleared", "declined"),  # what a professional advised against stays so
        ("no_limits", "epilepsy", "declined", "declined"),  # a letter turns no decline into a yes
    ],
)
async def test_a_letter_holds_for_what_it_was_written_about(
    chain: Chain, verdict: str, reason: str, outcome: str, after: str
) -> None:
    name, source = await a_protocol(chain)
    client_id = await chain.client()
    screening = await screened_under(chain, name, 1, client_id, epilepsy="yes")
    sent = await chain.post(f"/v1/screenings/{screening['id']}/clearances", letter(verdict=verdict), *CLINICIAN)
    assert sent.status_code == 201
    made = asking(source, "gout") if reason == "gout" else changed(source, reason, outcome=outcome)
    _, id = await activated(chain, name, made)
    await rerun(chain, id)
    assert (await standing(chain, name, client_id))["outcome"] == after


async def test_a_letter_does_not_cover_what_only_the_new_version_wants_one_for(chain: Chain) -> None:
    name, source = a_name(), changed(await massage_source(chain), "kidney_disorder", outcome="cleared")
    await activated(chain, name, source)
    client_id = await chain.client()
    screening = await screened_under(chain, name, 1, client_id, epilepsy="yes", kidney_disorder="yes")
    await chain.post(f"/v1/screenings/{screening['id']}/clearances", letter(), *CLINICIAN)
    assert (await standing(chain, name, client_id))["outcome"] == "cleared"
    _, id = await activated(chain, name, await massage_source(chain))
    assert counts(await rerun(chain, id)) == (1, 0, 0, 0)
    assert (await standing(chain, name, client_id))["outcome"] == "clearance_required"


async def test_limits_of_the_new_version_are_shown_and_acknowledged_anew(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    client_id, therapist_id = await chain.client(), new_id()
    screening = await screened_under(chain, name, 1, client_id, breast_implants="yes")
    request = chain.request(client_id, screening_protocol=name, therapist_id=therapist_id)
    await chain.hear(request)
    path = f"/v1/screenings/{screening['id']}"
    body = {"appointment_id": str(request.appointment_id)}
    await chain.post(f"{path}/limit-acknowledgements", body, *THERAPIST, therapist_id=therapist_id)
    gate = f"/v1/clients/{client_id}/standing?appointment_id={request.appointment_id}"
    assert (await chain.get(gate)).json()["limits_acknowledged"] is True
    _, id = await activated(chain, name, changed(source, "breast_implants", limits=["avoid_chest", "painkillers"]))
    await rerun(chain, id)
    assert (await chain.get(gate)).json()["limits_acknowledged"] is False
    seen = (await chain.get(path, *THERAPIST, therapist_id=therapist_id)).json()
    assert {limit["code"] for limit in seen["limits"]} == {"avoid_chest", "painkillers"}


async def test_who_changed_is_told_within_the_callers_branches_and_never_why(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    here, there = await chain.client(), await chain.client([new_id()])
    for client_id in (here, there):
        await screened_under(chain, name, 1, client_id, epilepsy="yes")
    _, id = await activated(chain, name, both_ways(source))
    await rerun(chain, id)
    path = f"/v1/protocol-activations/{id}/clients"
    mine = await chain.get(f"{path}?direction=to_stricter", *RECEPTION, branches=[chain.branch_id])
    assert mine.json()["items"] == [
        {"client_id": str(here), "direction": "to_stricter", "before": "clearance_required", "after": "declined"}
    ]
    assert {each["client_id"] for each in (await chain.get(path)).json()["items"]} == {str(here), str(there)}
    first = (await chain.get(f"{path}?limit=1")).json()
    assert len((await chain.get(f"{path}?limit=1&cursor={first['next_cursor']}")).json()["items"]) == 1
    listed = (await chain.get(f"/v1/protocol-activations?protocol={name}")).json()["items"]
    assert [each["version"] for each in listed] == [2, 1]


async def test_a_run_is_audited_in_one_line_with_counts_and_nothing_else(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    await screened_under(chain, name, 1, await chain.client(), epilepsy="yes")
    version = await reviewed(chain, name, both_ways(source))
    shown = (await chain.post(f"/v1/protocols/{name}/versions/{version}/activate", {}, *AUTHOR, subject="max")).json()
    await rerun(chain, shown["id"])
    (line,) = (await chain.get(f"/v1/audit?subject_id={shown['id']}", "ops:read")).json()["items"]
    assert (line["actor"], line["action"]) == ("max", "redecided_standings")
    assert line["reason"] == "to_stricter 1, to_milder 0, unchanged 0, needs_new_answers 0"


async def test_a_screening_that_cannot_be_opened_is_asked_again_and_holds_up_nobody(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    broken, whole = await chain.client(), await chain.client()
    screening = await screened_under(chain, name, 1, broken)
    await screened_under(chain, name, 1, whole, epilepsy="yes")
    await chain.as_superuser("UPDATE screenings SET vault = '\\x00' WHERE id = $1", UUID(screening["id"]))
    _, id = await activated(chain, name, both_ways(source))
    assert counts(await rerun(chain, id)) == (1, 0, 0, 1)
    assert await chain.book(broken, screening_protocol=name) == "screening_required"


async def test_an_erased_client_leaves_no_trace_in_a_runs_record(chain: Chain) -> None:
    name, source = await a_protocol(chain)
    client_id = await chain.client()
    await screened_under(chain, name, 1, client_id, epilepsy="yes")
    _, id = await activated(chain, name, both_ways(source))
    await rerun(chain, id)
    async with chain.http(*RECEPTION) as http:
        assert (await http.delete(f"/v1/clients/{client_id}")).status_code == 204
    assert (await chain.get(f"/v1/protocol-activations/{id}/clients")).json()["items"] == []
