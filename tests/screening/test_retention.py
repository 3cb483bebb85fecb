"""Retention: what nobody needs any more is destroyed with its key, and the decision stays."""

from uuid import UUID

import pytest

from services.screening.handlers.retain import run
from shared.kit.ids import new_id
from tests.screening.chain import CLINICIAN, Chain, at_the_door, soon
from tests.screening.test_erasure import lived

OPS = ("ops:read", "ops:write")
PATH = "/v1/retention"


async def put(chain: Chain, months: int | None, branch_id: UUID | None = None, **claims: object) -> int:
    async with chain.http(*OPS, **claims) as http:
        body = {"branch_id": str(branch_id) if branch_id else None, "months": months}
        return (await http.put(PATH, json=body)).status_code


async def age(chain: Chain, client_id: UUID, months: int) -> None:
    """As if everything about the client had happened so long ago; standings hold a year from their answers."""
    for table, columns in (
        ("client_keys", "created_at = created_at - i"),
        ("screenings", "decided_at = decided_at - i, valid_until = valid_until - i"),
        ("standings", "valid_until = valid_until - i, letter_until = letter_until - i"),
        ("clearances", "recorded_at = recorded_at - i"),
        ("arrivals", "answered_at = answered_at - i"),
    ):
        await chain.as_superuser(
            f"UPDATE {table} SET {columns} FROM (SELECT make_interval(months => $2) AS i) AS m WHERE client_id = $1",
            client_id,
            months,
        )
    await chain.as_superuser("DELETE FROM appointments WHERE client_id = $1", client_id)


async def destroyed(chain: Chain, client_id: UUID) -> bool:
    """Whether the job destroys this client's answers now."""
    async with chain.app.state.database.transaction() as tx:
        await run(tx)
        return not await tx.scalar("SELECT count(*) FROM client_keys WHERE client_id = :id", {"id": client_id})


@pytest.fixture(autouse=True)
async def no_rules(chain: Chain) -> None:
    await chain.as_superuser("DELETE FROM retention_rules")


async def test_answers_go_36_months_after_the_standing_and_the_decision_stays(chain: Chain) -> None:
    client_id = await chain.client()
    screening_id, _ = await lived(chain, client_id)
    await age(chain, client_id, 12 + 35)
    assert not await destroyed(chain, client_id)
    await age(chain, client_id, 2)
    assert (await chain.get(PATH, *OPS)).json()["due"] == 1
    dry = await chain.post(f"{PATH}/runs", {"dry_run": True}, *OPS)
    assert dry.json() == {"destroyed": 0, "due": 1}
    before = await chain.outbox_end()
    wet = await chain.post(f"{PATH}/runs", {"dry_run": False}, *OPS)
    assert wet.json() == {"destroyed": 1, "due": 0}
    assert [event["type"] for event in await chain.announced(before)] == ["caibei.screening.answers.erased.v1"]
    shown = (await chain.get(f"/v1/screenings/{screening_id}", *CLINICIAN)).json()
    assert (shown["erased"], shown["outcome"], shown["answers"]) == (True, "clearance_required", None)
    async with chain.app.state.database.transaction() as tx:
        for table in ("client_keys", "arrivals", "clearance_documents", "standings"):
            assert await tx.scalar(f"SELECT count(*) FROM {table} WHERE client_id = :id", {"id": client_id}) == 0
    line, *_ = (await chain.get(f"/v1/audit?subject_id={client_id}", "ops:read")).json()["items"]
    assert (line["actor"], line["action"]) == ("retention", "erased_answers")
    assert line["reason"] == "36 months after the last session or standing"


async def test_a_later_visit_keeps_older_answers(chain: Chain) -> None:
    client_id = await chain.client()
    await lived(chain, client_id)
    await age(chain, client_id, 60)
    request = chain.request(client_id)
    await chain.hear(request)
    assert not await destroyed(chain, client_id)
    await chain.post("/v1/arrivals", at_the_door(client_id, request.appointment_id), *CLINICIAN)
    await chain.as_superuser("DELETE FROM appointments WHERE client_id = $1", client_id)
    assert not await destroyed(chain, client_id)


async def test_a_session_to_come_keeps_answers(chain: Chain) -> None:
    client_id = await chain.client()
    await lived(chain, client_id)
    await age(chain, client_id, 60)
    await chain.hear(chain.request(client_id, soon(24 * 20)))
    assert not await destroyed(chain, client_id)


async def test_a_branchs_rule_goes_before_the_chains_and_the_longest_of_a_clients_branches_counts(chain: Chain) -> None:
    other = await chain.branch(id=new_id())
    one, both = await chain.client(), await chain.client([await chain.branch(), other])
    for client_id in (one, both):
        await lived(chain, client_id)
        await age(chain, client_id, 12 + 7)
    assert await put(chain, 12) == 200
    assert await put(chain, 6, chain.branch_id) == 200
    assert await destroyed(chain, one)
    assert not await destroyed(chain, both)
    assert await put(chain, None, other) == 200
    assert await put(chain, 1) == 200
    await age(chain, both, 400)
    assert not await destroyed(chain, both)
    assert await put(chain, 500, other) == 200
    await age(chain, both, 400)
    assert await destroyed(chain, both)


async def test_whose_rule_it_is(chain: Chain) -> None:
    assert await put(chain, 6, branches=[chain.branch_id]) == 403
    assert await put(chain, 6, new_id(), branches=[chain.branch_id]) == 404
    assert await put(chain, 6, chain.branch_id, branches=[chain.branch_id]) == 200
    assert await put(chain, 0) == 422
    refused = await chain.post(f"{PATH}/runs", {"dry_run": False}, *OPS, branches=[chain.branch_id])
    assert refused.status_code == 403
    (line,) = (await chain.get(f"/v1/audit?subject_id={chain.branch_id}", "ops:read")).json()["items"]
    assert (line["action"], line["reason"]) == ("set_retention", "6 months")
