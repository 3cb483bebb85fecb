"""Letters and limits over HTTP."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.kit.ids import new_id
from tests.screening.chain import CLINICIAN, RECEPTION, THERAPIST, Chain, letter, soon

PDF = {
    "filename": "letter.pdf",
    "content_type": "application/pdf",
    "data": base64.b64encode(b"%PDF-1.7 CANARY %%EOF").decode(),
}


async def recorded(chain: Chain, screening_id: str, **changed: Any) -> dict[str, Any]:
    response = await chain.post(f"/v1/screenings/{screening_id}/clearances", letter(**changed))
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_a_letter_clears_what_needed_one_and_says_so_to_others(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, cancer="yes")
    assert screening["outcome"] == "clearance_required"
    assert await chain.book(client_id) == "clearance_required"
    before = await chain.outbox_end()
    body = await recorded(chain, screening["id"])
    assert body["outcome"] == "cleared"
    (event,) = await chain.announced(before)
    assert (event["outcome"], event["valid_until"], event["version"]) == ("cleared", body["valid_until"], 2)
    assert await chain.book(client_id) is None


async def test_a_letter_must_reach_the_end_of_the_session(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, cancer="yes")
    until = datetime.now(UTC).date() + timedelta(days=10)
    await recorded(chain, screening["id"], valid_until=until.isoformat())
    assert await chain.book(client_id, soon(24 * 8)) is None
    assert await chain.book(client_id, soon(24 * 12)) == "clearance_expires_before_session"


async def test_no_letter_turns_a_decline_into_a_yes(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, osteoporosis="yes")
    response = await chain.post(f"/v1/screenings/{screening['id']}/clearances", letter())
    assert (response.status_code, response.json()["code"]) == (409, "screening_declined")
    assert await chain.book(client_id) == "screening_declined"


async def test_inadvisable_declines_the_client(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, cancer="yes")
    assert (await recorded(chain, screening["id"], verdict="inadvisable"))["outcome"] == "declined"
    assert await chain.book(client_id) == "screening_declined"
    again = await chain.post(f"/v1/screenings/{screening['id']}/clearances", letter())
    assert again.json()["code"] == "screening_declined"


async def test_a_letter_counts_for_the_latest_screening_only(chain: Chain) -> None:
    client_id = await chain.client()
    old = await chain.screened(client_id, cancer="yes")
    await chain.screened(client_id, cancer="yes")
    response = await chain.post(f"/v1/screenings/{old['id']}/clearances", letter())
    assert (response.status_code, response.json()["code"]) == (409, "screening_superseded")


async def test_a_new_screening_needs_a_new_letter(chain: Chain) -> None:
    client_id = await chain.client()
    await recorded(chain, (await chain.screened(client_id, cancer="yes"))["id"])
    await chain.screened(client_id, cancer="yes")
    assert await chain.book(client_id) == "clearance_required"


async def test_a_document_is_sealed_and_handed_back_to_a_clinician_only(chain: Chain) -> None:
    client_id = await chain.client()
    screening = await chain.screened(client_id, cancer="yes")
    clearance = await recorded(chain, screening["id"], document=PDF)
    path = f"/v1/screenings/{screening['id']}/clearances/{clearance['id']}/document"
    assert (await chain.get(path, *RECEPTION)).status_code == 403
    got = await chain.get(path, *CLINICIAN)
    assert got.content == b"%PDF-1.7 CANARY %%EOF"
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"] == f'attachment; filename="clearance-{clearance["id"]}.pdf"'
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    audit = (await chain.get(f"/v1/audit?subject_id={screening['id']}", "ops:read")).json()["items"]
    assert [entry["action"] for entry in audit] == ["read_document"]
    shown = (await chain.get(f"/v1/screenings/{screening['id']}", *CLINICIAN)).json()
    assert shown["clearances"][0]["document"] == "letter.pdf"
    assert shown["clearances"][0]["professional"]["name"] == "Dr. Grace Example"
    missing = await chain.get(f"/v1/screenings/{screening['id']}/clearances/{new_id()}/document", *CLINICIAN)
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"document": PDF | {"data": "no base64!"}}, "/document/data"),
        ({"document": PDF | {"content_type": "image/png"}}, "/document/content_type"),
        ({"verdict": "limits", "limits": []}, "/limits"),
        ({"verdict": "no_limits", "limits": ["CANARY"]}, "/limits"),
        ({"issued_on": "2999-01-01"}, "/issued_on"),
        ({"issued_on": "2020-01-01"}, "/valid_until"),
        ({"professional": {"name": "CANARY"}}, "/professional/role"),
    ],
)
async def test_a_letter_that_cannot_be_is_refused_where_it_is_wrong(
    chain: Chain, changed: dict[str, Any], pointer: str
) -> None:
    screening = await chain.screened(await chain.client(), cancer="yes")
    response = await chain.post(f"/v1/screenings/{screening['id']}/clearances", letter(**changed))
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer
    assert "CANARY" not in response.text


async def test_the_sessions_therapist_reads_its_limits_and_nobody_elses(chain: Chain) -> None:
    client_id, therapist_id = await chain.client(), new_id()
    screening = await chain.screened(client_id, skin_or_veins="yes", skin_or_veins_on_back="no", cancer="yes")
    await recorded(chain, screening["id"], verdict="limits", limits=["no heels above the waist"])
    path = f"/v1/screenings/{screening['id']}"
    assert (await chain.get(path, *THERAPIST, therapist_id=therapist_id)).json()["limits"] == []
    request = chain.request(client_id, therapist_id=therapist_id)
    await chain.hear(request)
    shown = (await chain.get(path, *THERAPIST, therapist_id=therapist_id)).json()
    assert [limit["code"] for limit in shown["limits"]] == ["avoid_skin_or_veins", "letter"]
    assert shown["limits"][1]["detail"] == "no heels above the waist"
    assert shown["answers"] is None
    assert [reason["code"] for reason in shown["reasons"]] == ["not_eligible"]
    assert (await chain.get(path, *THERAPIST, therapist_id=new_id())).json()["limits"] == []
    assert (await chain.get(path, "screening:read", therapist_id=therapist_id)).json()["limits"] == []
    audit = (await chain.get(f"/v1/audit?subject_id={screening['id']}", "ops:read")).json()["items"]
    assert [entry["action"] for entry in audit] == ["read_limits"]


async def test_only_the_assigned_therapist_acknowledges_limits(chain: Chain) -> None:
    client_id, therapist_id = await chain.client(), new_id()
    screening = await chain.screened(client_id, skin_or_veins="yes", skin_or_veins_on_back="no")
    request = chain.request(client_id, therapist_id=therapist_id)
    await chain.hear(request)
    path = f"/v1/screenings/{screening['id']}/limit-acknowledgements"
    body = {"appointment_id": str(request.appointment_id)}
    for other in (new_id(), None):
        refused = await chain.post(path, body, *THERAPIST, therapist_id=other)
        assert (refused.status_code, refused.json()["code"]) == (409, "therapist_mismatch")
    done = await chain.post(path, body, *THERAPIST, therapist_id=therapist_id)
    assert done.status_code == 201
    assert done.json()["therapist_id"] == str(therapist_id)
    assert [limit["code"] for limit in done.json()["limits"]] == ["avoid_skin_or_veins"]


async def test_limits_are_acknowledged_for_the_client_and_protocol_of_the_appointment(chain: Chain) -> None:
    therapist_id = new_id()
    client_id, other = await chain.client(), await chain.client()
    screening = await chain.screened(client_id)
    wrong = [chain.request(other, therapist_id=therapist_id),
             chain.request(client_id, therapist_id=therapist_id, screening_protocol="massage")]  # fmt: skip
    await chain.hear(*wrong)
    for request in wrong:
        refused = await chain.post(
            f"/v1/screenings/{screening['id']}/limit-acknowledgements",
            {"appointment_id": str(request.appointment_id)},
            *THERAPIST,
            therapist_id=therapist_id,
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "therapist_mismatch")


async def test_limits_of_a_replaced_screening_are_not_acknowledged(chain: Chain) -> None:
    client_id, therapist_id = await chain.client(), new_id()
    old = await chain.screened(client_id)
    await chain.screened(client_id)
    request = chain.request(client_id, therapist_id=therapist_id)
    await chain.hear(request)
    refused = await chain.post(
        f"/v1/screenings/{old['id']}/limit-acknowledgements",
        {"appointment_id": str(request.appointment_id)},
        *THERAPIST,
        therapist_id=therapist_id,
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "screening_superseded")
