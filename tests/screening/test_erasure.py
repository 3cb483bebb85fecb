"""Being forgotten: after it nothing of the answers is left that could be read, here or in any dump."""

from uuid import UUID

import asyncpg
import pytest

from shared.events.scheduling import ClientErased, ClientRegistered
from shared.kit.ids import new_id
from tests.screening.api.test_clearances import PDF
from tests.screening.chain import CLINICIAN, RECEPTION, Chain, at_the_door, letter, questionnaire

CANARY = "CANARY-7f3a"


async def lived(chain: Chain, client_id: UUID) -> tuple[str, UUID]:
    """Everything that can be kept of a client, each with a canary in it."""
    body = questionnaire(client_id, cancer="yes") | {"signed_by": {"name": CANARY, "relationship": "self"}}
    async with chain.http(*CLINICIAN) as http:
        response = await http.post("/v1/screenings", json=body, headers={"Idempotency-Key": f"k-{client_id}"})
    screening_id = response.json()["id"]
    written = letter(
        verdict="limits",
        limits=[CANARY],
        document=PDF | {"filename": CANARY},
        professional={"name": CANARY, "role": CANARY, "registration": CANARY},
    )
    await chain.post(f"/v1/screenings/{screening_id}/clearances", written, *CLINICIAN)
    request = chain.request(client_id)
    await chain.hear(request)
    await chain.post("/v1/arrivals", at_the_door(client_id, request.appointment_id, fever_today="yes"), *CLINICIAN)
    return screening_id, request.appointment_id


async def dumped(chain: Chain) -> str:
    """Every value of every table, as text; but for the protocols, which are questions and of nobody."""
    connection = await asyncpg.connect(chain.admin_url)
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'protocol_versions'"
        )
        parts = []
        for (table,) in tables:
            parts += [str(row[0]) for row in await connection.fetch(f'SELECT t::text FROM "{table}" t')]
        return "\n".join(parts)
    finally:
        await connection.close()


async def test_no_answer_reason_or_name_is_in_the_database_outside_the_vault(chain: Chain) -> None:
    client_id = await chain.client()
    await lived(chain, client_id)
    dump = await dumped(chain)
    assert str(client_id) in dump
    # bytea is dumped as hex: what a canary would look like in one that is not encrypted.
    for secret in (CANARY, "cancer", "fever", "strong_painkillers", "no_limits", PDF["data"]):
        assert secret not in dump
        assert secret.encode().hex() not in dump


async def test_events_say_the_outcome_and_nothing_of_why(chain: Chain) -> None:
    before = await chain.outbox_end()
    await lived(chain, await chain.client())
    for event in await chain.announced(before):
        assert event.keys() <= {
            "type", "client_id", "version", "protocol", "outcome", "valid_until", "appointment_id", "attempt", "code"
        }  # fmt: skip
        assert CANARY not in str(event)


async def test_an_erasure_destroys_the_key_keeps_the_decision_and_is_announced(chain: Chain) -> None:
    client_id = await chain.client()
    screening_id, appointment_id = await lived(chain, client_id)
    before = await chain.outbox_end()
    async with chain.http(*RECEPTION) as http:
        assert (await http.delete(f"/v1/clients/{client_id}")).status_code == 204
    (event,) = await chain.announced(before)
    assert event == {"type": "caibei.screening.answers.erased.v1", "client_id": str(client_id), "version": 3 + 1}
    shown = (await chain.get(f"/v1/screenings/{screening_id}", *CLINICIAN)).json()
    assert (shown["erased"], shown["outcome"], shown["answers"], shown["limits"]) == (
        True,
        "clearance_required",
        None,
        [],
    )
    assert [reason["code"] for reason in shown["reasons"]] == ["not_eligible"]
    async with chain.app.state.database.transaction() as tx:
        for table in ("client_keys", "standings", "arrivals"):
            assert await tx.scalar(f"SELECT count(*) FROM {table} WHERE client_id = :id", {"id": client_id}) == 0
        for table in ("screenings", "clearances"):
            assert await tx.scalar(f"SELECT count(vault) FROM {table} WHERE client_id = :id", {"id": client_id}) == 0
    refused = await chain.post(f"/v1/screenings/{screening_id}/clearances", letter())
    assert (refused.status_code, refused.json()["code"]) == (409, "answers_erased")
    assert await chain.book(client_id) == "screening_required"
    gate = (await chain.get(f"/v1/clients/{client_id}/standing?appointment_id={appointment_id}")).json()
    assert gate["code"] == "screening_required"


async def test_the_same_post_sent_again_does_not_bring_back_what_was_erased(chain: Chain) -> None:
    client_id = await chain.client()
    await lived(chain, client_id)
    async with chain.http(*RECEPTION) as http:
        await http.delete(f"/v1/clients/{client_id}")
    body = questionnaire(client_id, cancer="yes") | {"signed_by": {"name": CANARY, "relationship": "self"}}
    async with chain.http(*CLINICIAN) as http:
        again = await http.post("/v1/screenings", json=body, headers={"Idempotency-Key": f"k-{client_id}"})
    assert (again.status_code, again.json()["code"]) == (409, "answers_erased")
    assert await chain.book(client_id) == "screening_required"
    await chain.screened(client_id)  # under a new key
    async with chain.http(*CLINICIAN) as http:
        once_more = await http.post("/v1/screenings", json=body, headers={"Idempotency-Key": f"k-{client_id}"})
    assert (once_more.status_code, once_more.json()["code"]) == (409, "answers_erased")


async def test_after_erasing_the_answers_the_client_may_be_screened_anew(chain: Chain) -> None:
    client_id = await chain.client()
    old, _ = await lived(chain, client_id)
    async with chain.http(*RECEPTION) as http:
        await http.delete(f"/v1/clients/{client_id}")
    await chain.screened(client_id)
    assert await chain.book(client_id) is None
    assert (await chain.get(f"/v1/screenings/{old}", *CLINICIAN)).json()["answers"] is None


async def test_an_erased_client_is_gone_for_good(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.screening.handlers.known.WAIT_SECONDS", 0.1)
    client_id = await chain.client()
    await lived(chain, client_id)
    events = await chain.hear(ClientErased(client_id=client_id, version=9))
    assert [(event["type"], event.get("version")) for event in events] == [
        ("caibei.screening.answers.erased.v1", 4),
        ("caibei.screening.client.forgotten.v1", None),
    ]
    await chain.hear(ClientRegistered(client_id=client_id, version=1, branch_ids=[chain.branch_id]))
    assert (await chain.post("/v1/screenings", questionnaire(client_id))).json()["code"] == "unknown_client"
    assert (await chain.get(f"/v1/clients/{client_id}/standing?protocol=massage")).status_code == 404
    async with chain.http(*RECEPTION) as http:
        assert (await http.delete(f"/v1/clients/{client_id}")).status_code == 404
    async with chain.app.state.database.transaction() as tx:
        assert await tx.scalar("SELECT count(*) FROM client_keys WHERE client_id = :id", {"id": client_id}) == 0


async def test_an_erasure_of_somebody_never_heard_of_is_remembered(chain: Chain) -> None:
    client_id = new_id()
    assert len(await chain.hear(ClientErased(client_id=client_id, version=2))) == 2
    await chain.hear(ClientRegistered(client_id=client_id, version=1, branch_ids=[]))
    async with chain.app.state.database.transaction() as tx:
        assert await tx.scalar("SELECT erased FROM clients WHERE id = :id", {"id": client_id}) is True


async def test_another_branchs_client_cannot_be_erased(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    async with chain.http(*RECEPTION, branches=[new_id()]) as http:
        assert (await http.delete(f"/v1/clients/{client_id}")).status_code == 404
    assert await chain.book(client_id) is None
