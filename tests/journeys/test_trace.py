"""One trace id, from the HTTP request through Kafka to the last consumer."""

import asyncio
import secrets

from tests.journeys.chain import Chain
from tests.journeys.evidence import read_topics
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole, until


async def test_a_trace_goes_from_the_request_to_the_last_consumer(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa()
    trace = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01", "Prefer": "wait=15", "X-Request-Id": "mine-1"}
    answer = await chain.desk.post("scheduling", "/v1/appointments", spa.wish(), headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["x-request-id"] == "mine-1"
    await mails_to(whole, spa.client["email"])
    id = answer.json()["id"]

    async def announced() -> bool:
        """Notification, the last to hear of it, has said that the mail went out."""
        sent = "SELECT count(*) FROM outbox WHERE payload::jsonb->>'appointment_id' = $1 AND published_at IS NOT NULL"
        return bool(await whole.value("notification", sent, id))

    await until(announced, "the message was announced")
    records = [
        record for record in await read_topics(whole.runtime["kafka"]) if record.data.get("appointment_id") == id
    ]
    assert {record.topic for record in records} == {
        "caibei.scheduling", "caibei.screening", "caibei.room-equipment", "caibei.notification",
    }  # fmt: skip
    assert {record.trace.split("-")[1] for record in records if record.trace} == {trace}
    assert all(record.trace for record in records), [record.type for record in records if not record.trace]


async def test_a_problem_names_its_trace(chain: Chain) -> None:
    trace = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    answer = await chain.desk.post("scheduling", "/v1/appointments", {"branch_id": 7}, headers=headers)
    assert (answer.status_code, answer.json()["trace_id"]) == (422, trace)


async def test_bookings_handled_in_one_batch_keep_their_own_traces(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(rooms=8, therapists=8)
    traces = [secrets.token_hex(16) for _ in range(8)]
    answers = await asyncio.gather(
        *(
            chain.desk.post(
                "scheduling", "/v1/appointments", spa.wish(),
                headers={"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01", "Prefer": "wait=15"},
            )
            for trace in traces
        )
    )  # fmt: skip
    own = {answer.json()["id"]: trace for answer, trace in zip(answers, traces, strict=True)}
    records = [record for record in await read_topics(whole.runtime["kafka"]) if record.key in own]
    assert len(records) >= 4 * len(own)
    mixed = {record.type for record in records if record.trace.split("-")[1:2] != [own[record.key]]}
    assert mixed == set()
