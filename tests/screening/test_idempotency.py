"""Idempotency records of screening: guessing a fingerprint or reading an answer needs a key."""

import hashlib

from tests.screening.chain import CLINICIAN, RECEPTION, Chain, letter, questionnaire


async def test_a_repeat_gets_the_first_answer_and_has_no_second_effect(chain: Chain) -> None:
    client_id = await chain.client()
    body = questionnaire(client_id, osteoporosis="yes")
    async with chain.http(*CLINICIAN) as http:
        answers = [
            await http.post("/v1/screenings", json=body, headers={"Idempotency-Key": f"a-{client_id}"})
            for _ in range(2)
        ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert len((await chain.get(f"/v1/screenings?client_id={client_id}")).json()["items"]) == 1


async def test_another_body_under_the_key_is_refused(chain: Chain) -> None:
    client_id = await chain.client()
    async with chain.http(*CLINICIAN) as http:
        header = {"Idempotency-Key": f"b-{client_id}"}
        await http.post("/v1/screenings", json=questionnaire(client_id), headers=header)
        other = await http.post("/v1/screenings", json=questionnaire(client_id, cancer="yes"), headers=header)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_record_holds_no_plain_answer_and_no_guessable_fingerprint(chain: Chain) -> None:
    client_id = await chain.client()
    async with chain.http(*CLINICIAN) as http:
        response = await http.post(
            "/v1/screenings",
            json=questionnaire(client_id, osteoporosis="yes"),
            headers={"Idempotency-Key": f"c-{client_id}"},
        )
    async with chain.app.state.database.transaction() as tx:
        record = await tx.one("SELECT * FROM idempotency_keys WHERE key = :key", {"key": f"c-{client_id}"})
    assert record.subject_id == client_id
    assert b"osteoporosis" not in bytes(record.body)
    assert bytes(record.fingerprint) != hashlib.sha256(response.request.content).digest()


async def test_a_refusal_about_a_client_is_sealed_and_replayed_too(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, osteoporosis="yes")
    async with chain.http(*RECEPTION) as http:
        answers = [
            await http.post(
                f"/v1/screenings/{screening['id']}/clearances",
                json=letter(),
                headers={"Idempotency-Key": f"d-{client_id}"},
            )
            for _ in range(2)
        ]
    assert [answer.json()["code"] for answer in answers] == ["screening_declined"] * 2
    async with chain.app.state.database.transaction() as tx:
        record = await tx.one("SELECT * FROM idempotency_keys WHERE key = :key", {"key": f"d-{client_id}"})
    assert b"declined" not in bytes(record.body)
