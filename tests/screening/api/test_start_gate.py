"""What the start gate is told: everything that must be there, named one by one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.events.scheduling import AppointmentCancelled
from shared.kit.ids import new_id
from tests.screening.chain import RECEPTION, THERAPIST, Chain, at_the_door, letter, soon

THERAPIST_ID = new_id()


async def asked(chain: Chain, client_id: UUID, appointment_id: UUID, protocol: str = "back-stepping") -> dict[str, Any]:
    response = await chain.get(
        f"/v1/clients/{client_id}/standing?protocol={protocol}&appointment_id={appointment_id}", "screening:read"
    )
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def booked(chain: Chain, client_id: UUID | None, **changed: Any) -> UUID:
    request = chain.request(client_id, soon(0.1), therapist_id=THERAPIST_ID, **changed)
    await chain.hear(request)
    appointment_id: UUID = request.appointment_id
    return appointment_id


async def arrived(chain: Chain, client_id: UUID, appointment_id: UUID, **answers: str) -> dict[str, Any]:
    response = await chain.post("/v1/arrivals", at_the_door(client_id, appointment_id, **answers), *RECEPTION)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def acknowledged(chain: Chain, screening_id: str, appointment_id: UUID) -> None:
    response = await chain.post(
        f"/v1/screenings/{screening_id}/limit-acknowledgements",
        {"appointment_id": str(appointment_id)},
        *THERAPIST,
        therapist_id=THERAPIST_ID,
    )
    assert response.status_code == 201, response.text


async def test_a_session_starts_only_once_the_arrival_questions_are_answered(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    appointment_id = await booked(chain, client_id)
    waiting = await asked(chain, client_id, appointment_id)
    assert (waiting["allowed_to_start"], waiting["code"]) == (False, "screening_required")
    assert waiting["arrival_answered"] is False
    await arrived(chain, client_id, appointment_id)
    ready = await asked(chain, client_id, appointment_id)
    assert (ready["allowed_to_start"], ready["code"]) == (True, None)
    assert (ready["outcome"], ready["arrival_answered"], ready["limits_acknowledged"]) == ("cleared", True, True)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"fever_today": "yes"}, "screening_deferred"),
        ({"alcohol_or_drugs_today": "yes"}, "screening_declined"),
        ({"meal_within_30_minutes": "yes"}, "screening_deferred"),
        ({"medicines_today": "yes"}, "clearance_required"),
        ({"fever_today": "unsure"}, "screening_required"),
    ],
)
async def test_each_answer_at_the_door_that_stops_a_start_stops_it(
    chain: Chain, answers: dict[str, str], code: str
) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    appointment_id = await booked(chain, client_id)
    body = await arrived(chain, client_id, appointment_id, **answers)
    assert [reason["code"] for reason in body["reasons"]] == ["not_eligible"]
    gate = await asked(chain, client_id, appointment_id)
    assert (gate["allowed_to_start"], gate["code"]) == (False, code)


async def test_alcohol_declines_the_whole_day_for_every_treatment(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    first = await booked(chain, client_id)
    await arrived(chain, client_id, first, alcohol_or_drugs_today="yes")
    assert (await arrived(chain, client_id, first))["outcome"] == "declined"
    assert (await asked(chain, client_id, first))["code"] == "screening_declined"
    await chain.screened_for(client_id, "massage")
    second = await booked(chain, client_id, screening_protocol="massage")
    await arrived(chain, client_id, second)
    assert (await asked(chain, client_id, second, "massage"))["code"] == "screening_declined"


async def test_other_answers_at_the_door_may_be_corrected(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    appointment_id = await booked(chain, client_id)
    await arrived(chain, client_id, appointment_id, fever_today="yes")
    await arrived(chain, client_id, appointment_id)
    assert (await asked(chain, client_id, appointment_id))["allowed_to_start"] is True


async def test_yesterdays_answers_do_not_count_today(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    appointment_id = await booked(chain, client_id)
    await arrived(chain, client_id, appointment_id, alcohol_or_drugs_today="yes")
    await chain.as_superuser("UPDATE arrivals SET local_day = local_day - 1 WHERE client_id = $1", client_id)
    gate = await asked(chain, client_id, appointment_id)
    assert (gate["arrival_answered"], gate["code"]) == (False, "screening_required")
    await arrived(chain, client_id, appointment_id)
    assert (await asked(chain, client_id, appointment_id))["allowed_to_start"] is True


async def test_the_day_of_the_door_is_the_branchs(chain: Chain) -> None:
    """At any moment one of these two branches is on another day than the other."""
    days = set()
    for timezone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        branch_id = await chain.branch(timezone, new_id())
        client_id = await chain.client([branch_id])
        appointment_id = await booked(chain, client_id, branch_id=branch_id)
        days.add((await arrived(chain, client_id, appointment_id))["local_day"])
    assert len(days) == 2


async def test_limits_are_acknowledged_before_the_start(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, skin_or_veins="yes", skin_or_veins_on_back="no")
    appointment_id = await booked(chain, client_id)
    await arrived(chain, client_id, appointment_id)
    gate = await asked(chain, client_id, appointment_id)
    assert (gate["code"], gate["limits_acknowledged"]) == ("limits_not_acknowledged", False)
    await acknowledged(chain, screening["id"], appointment_id)
    gate = await asked(chain, client_id, appointment_id)
    assert (gate["code"], gate["limits_acknowledged"], gate["allowed_to_start"]) == (None, True, True)


async def test_a_new_letter_asks_for_a_new_acknowledgement(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, skin_or_veins="yes", skin_or_veins_on_back="no", cancer="yes")
    path = f"/v1/screenings/{screening['id']}/clearances"
    await chain.post(path, letter(verdict="limits", limits=["light pressure"]))
    appointment_id = await booked(chain, client_id)
    await arrived(chain, client_id, appointment_id)
    await acknowledged(chain, screening["id"], appointment_id)
    assert (await asked(chain, client_id, appointment_id))["allowed_to_start"] is True
    await chain.post(path, letter(verdict="limits", limits=["no heels"]))
    assert (await asked(chain, client_id, appointment_id))["code"] == "limits_not_acknowledged"


async def test_limits_from_the_door_are_acknowledged_after_the_door(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened_for(client_id, "massage", breast_implants="yes")
    appointment_id = await booked(chain, client_id, screening_protocol="massage")
    await acknowledged(chain, screening["id"], appointment_id)
    await arrived(chain, client_id, appointment_id, medicines_today="yes")
    assert (await asked(chain, client_id, appointment_id, "massage"))["code"] == "limits_not_acknowledged"
    await acknowledged(chain, screening["id"], appointment_id)
    assert (await asked(chain, client_id, appointment_id, "massage"))["allowed_to_start"] is True


async def test_another_therapist_acknowledges_anew(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, skin_or_veins="yes", skin_or_veins_on_back="no")
    request = chain.request(client_id, soon(0.1), therapist_id=THERAPIST_ID)
    await chain.hear(request)
    await arrived(chain, client_id, request.appointment_id)
    await acknowledged(chain, screening["id"], request.appointment_id)
    await chain.hear(request.model_copy(update={"attempt": 2, "therapist_id": new_id()}))
    assert (await asked(chain, client_id, request.appointment_id))["code"] == "limits_not_acknowledged"


async def test_a_medicine_at_the_door_is_covered_by_a_letter_about_it(chain: Chain) -> None:
    for declared, code in (("strong_painkillers", None), ("cancer", "clearance_required")):
        client_id = await chain.client()
        screening = await chain.screened(client_id, **{declared: "yes"})
        await chain.post(f"/v1/screenings/{screening['id']}/clearances", letter())
        appointment_id = await booked(chain, client_id)
        await arrived(chain, client_id, appointment_id, medicines_today="yes")
        assert (await asked(chain, client_id, appointment_id))["code"] == code


async def test_the_standing_is_judged_for_the_session_and_a_late_start_for_its_own_end(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, cancer="yes")
    today = datetime.now(UTC).date()
    await chain.post(
        f"/v1/screenings/{screening['id']}/clearances", letter(valid_until=(today + timedelta(1)).isoformat())
    )
    appointment_id = await booked(chain, client_id)
    await arrived(chain, client_id, appointment_id)
    assert (await asked(chain, client_id, appointment_id))["allowed_to_start"] is True
    later = chain.request(client_id, soon(72))
    await chain.hear(later)
    assert (await asked(chain, client_id, later.appointment_id))["code"] == "clearance_expires_before_session"
    # Planned for last week, when the letter held; it would end after the letter does.
    past = chain.request(client_id, soon(-100), ends_at=soon(-100) + timedelta(hours=72))
    await chain.hear(past)
    assert (await asked(chain, client_id, past.appointment_id))["code"] == "clearance_expires_before_session"


async def test_what_screening_was_never_asked_about_is_unproven(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    gate = await asked(chain, client_id, new_id())
    assert (gate["allowed_to_start"], gate["code"]) == (False, "screening_unproven")
    somebody_elses = await booked(chain, await chain.client())
    gate = await asked(chain, client_id, somebody_elses)
    assert (gate["allowed_to_start"], gate["code"]) == (False, "screening_unproven")


async def test_a_cancelled_appointment_is_unproven(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    request = chain.request(client_id, soon(0.1))
    await chain.hear(request)
    await chain.hear(AppointmentCancelled(**(request.model_dump() | {"version": 2, "reason": "client"})))
    assert (await asked(chain, client_id, request.appointment_id))["code"] == "screening_unproven"


async def test_a_treatment_without_a_protocol_needs_nothing(chain: Chain) -> None:
    client_id = await chain.client()
    appointment_id = await booked(chain, client_id, screening_protocol=None)
    response = await chain.get(f"/v1/clients/{client_id}/standing?appointment_id={appointment_id}", "screening:read")
    assert response.json()["allowed_to_start"] is True
    refused = await chain.post("/v1/arrivals", at_the_door(client_id, appointment_id))
    assert (refused.status_code, refused.json()["code"]) == (422, "appointment_mismatch")


async def test_another_protocol_than_the_appointments_is_refused(chain: Chain) -> None:
    client_id = await chain.client()
    appointment_id = await booked(chain, client_id)
    response = await chain.get(
        f"/v1/clients/{client_id}/standing?protocol=massage&appointment_id={appointment_id}", "screening:read"
    )
    assert (response.status_code, response.json()["code"]) == (422, "appointment_mismatch")


async def test_the_desk_reads_a_standing_without_an_appointment(chain: Chain) -> None:
    client_id = await chain.client()
    path = f"/v1/clients/{client_id}/standing?protocol=back-stepping"
    unknown = (await chain.get(path)).json()
    assert (unknown["outcome"], unknown["code"], unknown["allowed_to_start"]) == (None, "screening_required", False)
    screening = await chain.screened(client_id)
    known = (await chain.get(path)).json()
    assert (known["outcome"], known["code"], known["screening_id"]) == ("cleared", None, screening["id"])
    assert known["valid_until"] == screening["valid_until"]
    assert known["allowed_to_start"] is False
    assert (await chain.get(f"/v1/clients/{client_id}/standing")).status_code == 422
    assert (await chain.get(f"/v1/clients/{new_id()}/standing?protocol=back-stepping")).status_code == 404


async def test_arrival_answers_are_whole_and_for_the_clients_own_appointment(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.screening.handlers.known.WAIT_SECONDS", 0.1)
    client_id, other = await chain.client(), await chain.client()
    appointment_id = await booked(chain, client_id)
    body = at_the_door(client_id, appointment_id)
    del body["answers"]["fever_today"]
    missing = await chain.post("/v1/arrivals", body)
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/answers/fever_today")
    others = await chain.post("/v1/arrivals", at_the_door(other, appointment_id))
    assert (others.status_code, others.json()["code"]) == (422, "appointment_mismatch")
    unknown = await chain.post("/v1/arrivals", at_the_door(client_id, new_id()))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_appointment")
    hidden = await chain.post("/v1/arrivals", at_the_door(client_id, appointment_id), branches=[new_id()])
    assert hidden.status_code == 404


async def test_an_appointment_in_another_branch_is_not_there_for_a_client_of_both(chain: Chain) -> None:
    here, there = await chain.branch(), await chain.branch(id=new_id())
    client_id = await chain.client([here, there])
    screening = await chain.screened(client_id)
    appointment_id = await booked(chain, client_id, branch_id=there)
    await arrived(chain, client_id, appointment_id)
    assert (await asked(chain, client_id, appointment_id))["allowed_to_start"] is True
    path = f"/v1/clients/{client_id}/standing?appointment_id={appointment_id}"
    gate = (await chain.get(path, "screening:read", branches=[here])).json()
    assert (gate["allowed_to_start"], gate["code"]) == (False, "screening_unproven")
    door = await chain.post("/v1/arrivals", at_the_door(client_id, appointment_id), branches=[here])
    assert (door.status_code, door.json()["code"]) == (404, "appointment_not_found")
    limits = await chain.post(
        f"/v1/screenings/{screening['id']}/limit-acknowledgements",
        {"appointment_id": str(appointment_id)},
        *THERAPIST,
        therapist_id=THERAPIST_ID,
        branches=[here],
    )
    assert (limits.status_code, limits.json()["code"]) == (404, "appointment_not_found")
