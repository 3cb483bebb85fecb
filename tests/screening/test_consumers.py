"""What screening answers to requests, and what it remembers of the rest of the chain."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from services.screening.domain.calendar import add_months
from services.screening.store import clients as client_store
from shared.events import scheduling
from shared.kit.ids import new_id
from tests.screening.chain import THERAPIST, Chain, soon


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, None),
        ({"osteoporosis": "yes"}, "screening_declined"),
        ({"cancer": "yes"}, "clearance_required"),
        ({"concussion": "yes"}, "screening_deferred"),
        ({"aneurysm": "unsure"}, "screening_required"),
        ({"skin_or_veins": "yes", "skin_or_veins_on_back": "no"}, None),
    ],
)
async def test_a_request_is_cleared_or_blocked_with_its_code(
    chain: Chain, answers: dict[str, str], code: str | None
) -> None:
    client_id = await chain.client()
    await chain.screened(client_id, **answers)
    assert await chain.book(client_id) == code


async def test_the_answer_names_the_attempt_and_never_a_date_or_reason(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id, eye_surgery="yes", eye_surgery_on=datetime.now(UTC).date().isoformat())
    request = chain.request(client_id, attempt=3)
    assert await chain.hear(request) == [
        {
            "type": "caibei.screening.appointment.blocked.v1",
            "appointment_id": str(request.appointment_id),
            "attempt": 3,
            "client_id": str(client_id),
            "code": "screening_deferred",
        }
    ]


async def test_a_deferred_client_books_after_the_deferral(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id, eye_surgery="yes", eye_surgery_on=datetime.now(UTC).date().isoformat())
    assert await chain.book(client_id, soon(24)) == "screening_deferred"
    assert await chain.book(client_id, soon(24 * 6)) is None


async def test_nobody_is_cleared_unscreened(chain: Chain) -> None:
    client_id = await chain.client()
    assert await chain.book(client_id) == "screening_required"
    assert await chain.book(new_id()) == "screening_required"
    assert await chain.book(None) == "screening_required"
    await chain.screened(client_id)
    assert await chain.book(client_id, screening_protocol="massage") == "screening_required"
    assert await chain.book(client_id, screening_protocol="unheard-of") == "screening_required"


async def test_answers_end_after_a_year_of_the_branchs_days(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    last = add_months(datetime.now(UTC).date(), 12)
    noon = datetime(last.year, last.month, last.day, 12, tzinfo=UTC)
    assert await chain.book(client_id, noon - timedelta(days=1)) is None
    assert await chain.book(client_id, noon + timedelta(days=2)) == "screening_required"


async def test_a_treatment_without_a_protocol_is_cleared(chain: Chain) -> None:
    assert await chain.book(await chain.client(), screening_protocol=None) is None


async def test_a_request_whose_branch_is_not_known_yet_is_answered_all_the_same(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    assert await chain.book(client_id, branch_id=new_id()) is None


async def test_a_batch_of_requests_takes_two_statements(chain: Chain) -> None:
    client_ids = [await chain.client() for _ in range(3)]
    await chain.screened(client_ids[0])
    await chain.screened(client_ids[1], osteoporosis="yes")
    requests = [chain.request(client_ids[n % 3]) for n in range(48)]
    statements: list[str] = []

    def count(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    engine = chain.app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        answers = await chain.hear(*requests)
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert [answer.get("code") for answer in answers] == [None, "screening_declined", "screening_required"] * 16
    # Two of them are this test's own reads of the outbox.
    assert len(statements) - 2 == 2, statements


async def test_a_later_attempt_replaces_the_earlier_and_an_older_one_changes_nothing(chain: Chain) -> None:
    client_id, first, second = await chain.client(), new_id(), new_id()
    await chain.screened(client_id)
    request = chain.request(client_id, attempt=2, therapist_id=second)
    await chain.hear(request)
    await chain.hear(request.model_copy(update={"attempt": 1, "therapist_id": first}))
    async with chain.app.state.database.transaction() as tx:
        kept = await tx.one(
            "SELECT attempt, therapist_id FROM appointments WHERE id = :id", {"id": request.appointment_id}
        )
    assert (kept.attempt, kept.therapist_id) == (2, second)


async def test_a_new_slot_is_judged_for_its_own_time_and_a_refused_one_is_forgotten(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id, eye_surgery="yes", eye_surgery_on=datetime.now(UTC).date().isoformat())
    request = chain.request(client_id, soon(24 * 6))
    await chain.hear(request)
    sooner = {"attempt": 2, "version": 3, "starts_at": soon(24), "ends_at": soon(25)}
    (answer,) = await chain.hear(scheduling.AppointmentRescheduleRequested(**(request.model_dump() | sooner)))
    assert (answer["code"], answer["attempt"]) == ("screening_deferred", 2)
    refused = {"attempt": 2, "version": 4, "code": "screening_deferred"}
    await chain.hear(scheduling.AppointmentRescheduleRefused(**(request.model_dump() | refused)))
    async with chain.app.state.database.transaction() as tx:
        kept = await tx.one("SELECT * FROM appointments WHERE id = :id", {"id": request.appointment_id})
    assert (kept.starts_at, kept.ends_at) == (request.starts_at, request.ends_at)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (scheduling.AppointmentRejected, {"code": "slot_taken"}),
        (scheduling.AppointmentCancelled, {"reason": "client"}),
        (scheduling.AppointmentNoShow, {}),
    ],
)
async def test_a_therapist_sees_no_limits_of_a_session_that_will_not_happen(
    chain: Chain, kind: type[Any], more: dict[str, Any]
) -> None:
    client_id, therapist_id = await chain.client(), new_id()
    screening = await chain.screened(client_id, skin_or_veins="yes", skin_or_veins_on_back="no")
    request = chain.request(client_id, therapist_id=therapist_id)
    await chain.hear(request)
    path = f"/v1/screenings/{screening['id']}"
    assert (await chain.get(path, *THERAPIST, therapist_id=therapist_id)).json()["limits"]
    await chain.hear(kind(**(request.model_dump() | {"version": 2} | more)))
    assert (await chain.get(path, *THERAPIST, therapist_id=therapist_id)).json()["limits"] == []


async def test_an_older_version_of_a_client_or_branch_changes_nothing(chain: Chain) -> None:
    here, there = await chain.branch(), new_id()
    client_id = await chain.client()
    await chain.hear(scheduling.ClientChanged(client_id=client_id, version=3, branch_ids=[there]))
    await chain.hear(scheduling.ClientChanged(client_id=client_id, version=2, branch_ids=[here]))
    await chain.hear(
        scheduling.BranchChanged(branch_id=here, version=3, code="b", timezone="Asia/Shanghai", opening_hours={})
    )
    await chain.hear(
        scheduling.BranchChanged(branch_id=here, version=2, code="b", timezone="Europe/Berlin", opening_hours={})
    )
    async with chain.app.state.database.transaction() as tx:
        assert await client_store.branches_of(tx, client_id) == [there]
        assert await tx.scalar("SELECT timezone FROM branches WHERE id = :id", {"id": here}) == "Asia/Shanghai"
