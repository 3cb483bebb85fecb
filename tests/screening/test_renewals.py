"""New answers in time: what changed since the last visit ends the old ones, and before a session they are asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.screening.handlers.renew import ask_for_renewal
from shared.kit.ids import new_id
from tests.screening.authoring import a_name, activated, asking, massage_source, rerun, screened_under
from tests.screening.chain import CLINICIAN, RECEPTION, Chain, at_the_door, letter, soon
from tests.screening.phone import Phone


async def asked(chain: Chain) -> list[dict[str, Any]]:
    """What the job announces now of this chain."""
    before = await chain.outbox_end()
    async with chain.app.state.database.transaction() as tx:
        await ask_for_renewal(tx)
    return [event for event in await chain.announced(before) if event["branch_id"] == str(chain.branch_id)]


async def gate(chain: Chain, client_id: UUID, appointment_id: UUID) -> dict[str, Any]:
    path = f"/v1/clients/{client_id}/standing?appointment_id={appointment_id}"
    found: dict[str, Any] = (await chain.get(path)).json()
    return found


async def until(chain: Chain, client_id: UUID, days: int) -> None:
    """Let the client's standing end in so many days."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    await chain.as_superuser("UPDATE standings SET valid_until = $1 WHERE client_id = $2", day, client_id)


async def test_what_changed_since_the_last_visit_ends_the_answers_until_all_are_asked_again(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    request = chain.request(client_id)
    await chain.hear(request)
    before = await chain.outbox_end()
    said = at_the_door(client_id, request.appointment_id, changed_since_last_visit="yes")
    response = await chain.post("/v1/arrivals", said, *CLINICIAN)
    assert (response.json()["outcome"], response.json()["asks_again"]) == ("deferred", True)
    assert [reason["code"] for reason in response.json()["reasons"]] == ["answers_outdated"]
    (event,) = await chain.announced(before)
    assert (event["type"], event["outcome"]) == ("caibei.screening.standing.changed.v1", "deferred")
    assert (await gate(chain, client_id, request.appointment_id))["code"] == "screening_required"
    assert await chain.book(client_id) == "screening_required"
    await chain.screened(client_id)
    shown = await gate(chain, client_id, request.appointment_id)
    assert (shown["code"], shown["allowed_to_start"]) == (None, True)


async def test_what_changed_concerns_every_treatment_the_client_is_screened_for(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    await chain.screened_for(client_id, "massage")
    request = chain.request(client_id)
    await chain.hear(request)
    before = await chain.outbox_end()
    said = at_the_door(client_id, request.appointment_id, changed_since_last_visit="yes")
    await chain.post("/v1/arrivals", said, *RECEPTION)
    announced = [(event["protocol"], event["outcome"], event["version"]) for event in await chain.announced(before)]
    assert sorted(announced) == [("back-stepping", "deferred", 3), ("massage", "deferred", 4)]
    assert await chain.book(client_id, screening_protocol="massage") == "screening_required"
    before = await chain.outbox_end()
    await chain.screened(client_id)
    assert [event["version"] for event in await chain.announced(before)] == [5]


async def test_reception_reads_that_questions_are_asked_again_and_not_why(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    request = chain.request(client_id)
    await chain.hear(request)
    said = at_the_door(client_id, request.appointment_id, changed_since_last_visit="yes")
    body = (await chain.post("/v1/arrivals", said, *RECEPTION)).json()
    assert (body["asks_again"], [reason["code"] for reason in body["reasons"]]) == (True, ["not_eligible"])


async def test_a_new_version_does_not_forget_that_something_changed(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    await activated(chain, name, source)
    client_id = await chain.client()
    await screened_under(chain, name, 1, client_id)
    request = chain.request(client_id, screening_protocol=name)
    await chain.hear(request)
    await chain.post("/v1/arrivals", at_the_door(client_id, request.appointment_id, changed_since_last_visit="yes"),
                     *RECEPTION)  # fmt: skip
    source["standing_months"] = 6
    _, id = await activated(chain, name, source)
    await rerun(chain, id)
    assert await chain.book(client_id, screening_protocol=name) == "screening_required"


async def test_a_client_is_asked_once_days_before_a_session_the_answers_will_not_reach(chain: Chain) -> None:
    client_id, other = await chain.client(), await chain.client()
    for each in (client_id, other):
        await chain.screened(each)
    session, far = chain.request(client_id, soon(24 * 6)), chain.request(client_id, soon(24 * 9))
    await chain.hear(session, far, chain.request(other, soon(24 * 6)))
    await until(chain, client_id, 3)
    (event,) = await asked(chain)
    assert event == {
        "type": "caibei.screening.standing.ending.v1",
        "client_id": str(client_id),
        "version": event["version"],
        "protocol": "back-stepping",
        "appointment_id": str(session.appointment_id),
        "branch_id": str(chain.branch_id),
        "starts_at": event["starts_at"],
        "invitation_id": event["invitation_id"],
    }
    assert await asked(chain) == []


async def test_answers_that_reach_the_session_are_not_asked_for(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    await chain.hear(chain.request(client_id, soon(24 * 3)))
    await until(chain, client_id, 5)
    assert await asked(chain) == []


async def test_who_is_declined_is_not_asked_and_who_lets_a_letter_end_is(chain: Chain) -> None:
    declined, lettered = await chain.client(), await chain.client()
    await chain.screened(declined, osteoporosis="yes")
    screening = await chain.screened(lettered, epilepsy="yes")
    ends = datetime.now(UTC).date() + timedelta(days=2)
    path = f"/v1/screenings/{screening['id']}/clearances"
    assert (await chain.post(path, letter(valid_until=str(ends)), *CLINICIAN)).status_code == 201
    await chain.hear(*(chain.request(each, soon(24 * 5)) for each in (declined, lettered)))
    assert [event["client_id"] for event in await asked(chain)] == [str(lettered)]


async def test_a_version_with_a_new_question_asks_those_who_have_booked(chain: Chain) -> None:
    name, source = a_name(), await massage_source(chain)
    await activated(chain, name, source)
    client_id = await chain.client()
    await screened_under(chain, name, 1, client_id)
    request = chain.request(client_id, soon(48), screening_protocol=name)
    await chain.hear(request)
    assert await asked(chain) == []
    _, id = await activated(chain, name, asking(source, "gout"))
    await rerun(chain, id)
    assert [event["appointment_id"] for event in await asked(chain)] == [str(request.appointment_id)]
    assert await asked(chain) == []


async def test_who_is_asked_in_time_gets_a_link_and_keeps_the_one_they_have_begun_with(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    first, second = (chain.request(client_id, soon(hours)) for hours in (70, 80))
    await chain.hear(first)
    await until(chain, client_id, 1)
    (event,) = [each for each in await asked(chain) if each["appointment_id"] == str(first.appointment_id)]
    shown = (await chain.get(f"/v1/invitations/{event['invitation_id']}")).json()
    assert (shown["client_id"], shown["state"], shown["branch_id"]) == (str(client_id), "sent", str(chain.branch_id))
    assert timedelta(0) <= first.starts_at - datetime.fromisoformat(shown["expires_at"]) < timedelta(seconds=1)
    found = (await chain.get(f"/v1/invitation-links?id={shown['id']}&id={new_id()}", "screening:links")).json()
    (link,) = found["items"]
    async with chain.http() as http:
        await Phone(http, link["url"]).begin()
    await chain.hear(second)
    again = [each for each in await asked(chain) if each["appointment_id"] == str(second.appointment_id)]
    assert [each["invitation_id"] for each in again] == [shown["id"]]
    assert (await chain.get(f"/v1/invitation-links?id={shown['id']}", *RECEPTION)).status_code == 403
    await chain.post(f"/v1/invitations/{shown['id']}/revoke", None)
    assert (await chain.get(f"/v1/invitation-links?id={shown['id']}", "screening:links")).json()["items"] == []
