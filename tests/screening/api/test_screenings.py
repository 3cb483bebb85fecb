"""Questionnaires over HTTP: decided, kept, shown to each caller as far as they may, refused where wrong."""

from typing import Any

import pytest

from services.screening.store import clients
from shared.events.scheduling import ClientRegistered
from shared.kit.ids import new_id
from tests.screening.builders import BACK_STEPPING
from tests.screening.chain import CLINICIAN, RECEPTION, SIGNED, Chain, letter, questionnaire


async def test_a_healthy_client_is_cleared_for_a_year(chain: Chain) -> None:
    client_id = await chain.client()
    before = await chain.outbox_end()
    response = await chain.post("/v1/screenings", questionnaire(client_id))
    assert response.status_code == 201
    body = response.json()
    assert body["outcome"] == "cleared"
    assert body["reasons"] == body["limits"] == []
    assert body["protocol_version"] == 2
    assert response.headers["location"] == f"/v1/screenings/{body['id']}"
    (event,) = await chain.announced(before)
    assert event == {
        "type": "caibei.screening.standing.changed.v1",
        "client_id": str(client_id),
        "version": 1,
        "protocol": "back-stepping",
        "outcome": "cleared",
        "valid_until": body["valid_until"],
    }


async def test_reception_reads_the_outcome_and_never_the_condition(chain: Chain) -> None:
    client_id = await chain.client()
    created = await chain.screened(client_id, *RECEPTION, osteoporosis="yes")
    shown = (await chain.get(f"/v1/screenings/{created['id']}", *RECEPTION)).json()
    for body in (created, shown):
        assert body["outcome"] == "declined"
        assert [reason["code"] for reason in body["reasons"]] == ["not_eligible"]
        assert body["limits"] == []
        assert body["answers"] is None
        assert body["signed_by"] is None
        assert "osteoporosis" not in str(body)


async def test_a_clinician_reads_reasons_answers_and_signature(chain: Chain) -> None:
    client_id = await chain.client()
    created = await chain.screened(client_id, osteoporosis="yes", cancer="yes")
    assert [reason["code"] for reason in created["reasons"]] == ["osteoporosis", "cancer"]
    shown = (await chain.get(f"/v1/screenings/{created['id']}", *CLINICIAN)).json()
    assert shown["answers"]["osteoporosis"] == "yes"
    assert shown["signed_by"] == SIGNED
    assert "healthcare professional" in shown["advisory"]
    assert shown["reasons"] == created["reasons"]
    assert shown["current"] is True


async def test_every_reading_of_answers_is_audited_with_its_reason(chain: Chain) -> None:
    client_id = await chain.client()
    created = await chain.screened(client_id)
    await chain.get(f"/v1/screenings/{created['id']}?reason=complaint", *CLINICIAN, subject="dr-grace")
    await chain.get(f"/v1/screenings/{created['id']}", *RECEPTION)
    audit = (await chain.get(f"/v1/audit?subject_id={created['id']}", "ops:read")).json()["items"]
    assert [(entry["actor"], entry["action"], entry["reason"]) for entry in audit] == [
        ("dr-grace", "read_answers", "complaint")
    ]
    assert audit[0]["branch_id"] == str(chain.branch_id)


async def test_the_words_are_in_the_asked_language(chain: Chain) -> None:
    client_id = await chain.client()
    async with chain.http(*RECEPTION) as http:
        response = await http.post(
            "/v1/screenings",
            json=questionnaire(client_id, aneurysm="yes"),
            headers={"Accept-Language": "de-AT, en;q=0.5"},
        )
    assert response.json()["reasons"][0]["detail"].startswith("Zurzeit nicht möglich")


async def test_unsure_is_asked_again_and_confirms_nothing(chain: Chain) -> None:
    client_id = await chain.client()
    body = await chain.screened(client_id, aneurysm="unsure")
    assert body["outcome"] == "deferred"
    assert body["asks_again"] is True
    assert body["deferred_until"] is None
    assert [reason["code"] for reason in body["reasons"]] == ["unsure:aneurysm"]
    assert await chain.book(client_id) == "screening_required"


async def test_the_advisory_is_acknowledged_before_anything_is_decided(chain: Chain) -> None:
    body = questionnaire(await chain.client()) | {"advisory_acknowledged": False}
    response = await chain.post("/v1/screenings", body)
    assert response.status_code == 422
    assert response.json()["code"] == "advisory_required"
    assert response.json()["errors"][0]["pointer"] == "/advisory_acknowledged"


async def test_missing_and_impossible_answers_are_named_by_question_and_never_repeated(chain: Chain) -> None:
    body = questionnaire(await chain.client())
    del body["answers"]["aneurysm"]
    body["answers"] |= {
        "osteoporosis": "CANARY-VALUE",
        "CANARY-KEY": "yes",
        "disc": 7,
        "cancer": None,
        "epilepsy": {"a": 1},
    }
    response = await chain.post("/v1/screenings", body)
    assert response.status_code == 422
    assert "CANARY" not in response.text
    assert {(error["pointer"], error["code"]) for error in response.json()["errors"]} == {
        ("/answers", "unknown_question"),
        ("/answers/aneurysm", "answer_required"),
        ("/answers/osteoporosis", "invalid_answer"),
        ("/answers/disc", "invalid_answer"),
        ("/answers/cancer", "invalid_answer"),
        ("/answers/epilepsy", "invalid_answer"),
    }


@pytest.mark.parametrize(
    ("changed", "status", "code", "pointer"),
    [
        ({"protocol": "shiatsu"}, 422, "unknown_protocol", "/protocol"),
        ({"protocol_version": 99}, 422, "unknown_protocol_version", "/protocol_version"),
        ({"answers": ["CANARY"]}, 422, "invalid_input", "/answers"),
        ({"answers": "CANARY"}, 422, "invalid_input", "/answers"),
        ({"answers": {str(n): "CANARY" for n in range(501)}}, 422, "invalid_input", "/answers"),
        ({"signed_by": {"name": "CANARY", "relationship": "friend"}}, 422, "invalid_input", "/signed_by/relationship"),
        ({"weight_kg": 70}, 422, "invalid_input", "/weight_kg"),
        ({"client_id": "nobody"}, 422, "invalid_input", "/client_id"),
    ],
)
async def test_a_body_that_cannot_be_is_refused_where_it_is_wrong(
    chain: Chain, changed: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    response = await chain.post("/v1/screenings", questionnaire(await chain.client()) | changed)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["errors"][0]["pointer"] == pointer
    assert "CANARY" not in response.text


async def test_a_client_nobody_knows_is_waited_for_and_then_refused(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.screening.handlers.known.WAIT_SECONDS", 0.2)
    response = await chain.post("/v1/screenings", questionnaire(new_id()))
    assert (response.status_code, response.json()["code"]) == (422, "unknown_client")
    assert response.json()["errors"][0]["pointer"] == "/client_id"


async def test_a_client_whose_event_is_on_the_way_is_waited_for(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    client_id = new_id()
    branch_id = await chain.branch()
    asked = clients.lock

    async def heard_meanwhile(tx: Any, id: Any) -> Any:
        found = await asked(tx, id)
        if found is None:
            await chain.hear(ClientRegistered(client_id=client_id, version=1, branch_ids=[branch_id]))
        return found

    monkeypatch.setattr(clients, "lock", heard_meanwhile)
    response = await chain.post("/v1/screenings", questionnaire(client_id))
    assert response.status_code == 201


async def test_answers_to_replaced_questions_are_refused(chain: Chain) -> None:
    client_id = await chain.client()
    refused = await chain.post("/v1/screenings", questionnaire(client_id) | {"protocol_version": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "protocol_superseded")
    assert refused.json()["current_version"] == 2


async def test_another_branchs_clients_and_screenings_are_not_there(chain: Chain) -> None:
    client_id = await chain.client()
    screening_id = (await chain.screened(client_id, cancer="yes"))["id"]
    elsewhere = [new_id()]
    answers = [
        await chain.post("/v1/screenings", questionnaire(client_id), *CLINICIAN, branches=elsewhere),
        await chain.get(f"/v1/screenings/{screening_id}", *CLINICIAN, branches=elsewhere),
        await chain.get(f"/v1/screenings?client_id={client_id}", *CLINICIAN, branches=elsewhere),
        await chain.get(f"/v1/clients/{client_id}/standing?protocol=back-stepping", *CLINICIAN, branches=elsewhere),
        await chain.post(f"/v1/screenings/{screening_id}/clearances", letter(), *CLINICIAN, branches=elsewhere),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    for answer, unknown in (
        (answers[1], f"/v1/screenings/{new_id()}"),
        (answers[2], f"/v1/screenings?client_id={new_id()}"),
    ):
        same = await chain.get(unknown, *CLINICIAN)
        assert {k: v for k, v in same.json().items() if k != "trace_id"} == {
            k: v for k, v in answer.json().items() if k != "trace_id"
        }


NOBODY = "01890000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/v1/protocols", "screening:read"),
        ("POST", "/v1/screenings", "screening:write"),
        ("GET", f"/v1/screenings/{NOBODY}", "screening:read"),
        ("POST", f"/v1/screenings/{NOBODY}/clearances", "screening:write"),
        ("GET", f"/v1/screenings/{NOBODY}/clearances/{NOBODY}/document", "screening:answers"),
        ("POST", f"/v1/screenings/{NOBODY}/limit-acknowledgements", "screening:limits"),
        ("POST", "/v1/arrivals", "screening:write"),
        ("GET", f"/v1/clients/{NOBODY}/standing", "screening:read"),
        ("DELETE", f"/v1/clients/{NOBODY}", "screening:write"),
    ],
)
async def test_each_route_needs_its_scope(chain: Chain, method: str, path: str, needed: str) -> None:
    every = {"screening:read", "screening:write", "screening:answers", "screening:limits", "ops:read"}
    async with chain.http(*sorted(every - {needed})) as http:
        response = await http.request(method, path, json={} if method == "POST" else None)
    assert response.status_code == 403
    async with chain.http(*sorted(every)) as http:
        response = await http.request(method, path, json={} if method == "POST" else None)
    assert response.status_code != 403


async def test_a_new_questionnaire_replaces_the_standing_and_the_old_stays_provable(chain: Chain) -> None:
    client_id = await chain.client()
    first = await chain.screened(client_id, osteoporosis="yes")
    assert await chain.book(client_id) == "screening_declined"
    second = await chain.screened(client_id)
    assert await chain.book(client_id) is None
    listed = (await chain.get(f"/v1/screenings?client_id={client_id}")).json()["items"]
    assert [(each["id"], each["current"], each["outcome"]) for each in listed] == [
        (second["id"], True, "cleared"),
        (first["id"], False, "declined"),
    ]
    old = (await chain.get(f"/v1/screenings/{first['id']}", *CLINICIAN)).json()
    assert old["reasons"][0]["code"] == "osteoporosis"


async def test_the_list_pages_to_its_end(chain: Chain) -> None:
    client_id = await chain.client()
    made = [(await chain.screened(client_id))["id"] for _ in range(3)]
    path = f"/v1/screenings?client_id={client_id}&limit=2"
    first = (await chain.get(path)).json()
    second = (await chain.get(f"{path}&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    assert (await chain.get(f"/v1/screenings?client_id={client_id}&cursor=bm9uc2Vuc2U")).status_code == 422


async def test_the_questions_are_answered_in_the_asked_language(chain: Chain) -> None:
    listed = (await chain.get("/v1/protocols")).json()["items"]
    assert [(each["name"], each["version"]) for each in listed] == [("back-stepping", 2), ("massage", 2)]
    english = (await chain.get("/v1/protocols/back-stepping")).json()
    chinese = await chain.get("/v1/protocols/back-stepping/versions/1?locale=zh-Hans")
    assert chinese.headers["content-language"] == "zh-Hans"
    assert chinese.json()["title"] == "踩背"
    assert [q["id"] for q in english["questions"]] == [q.id for q in BACK_STEPPING.questions]
    assert {q["section"] for q in english["questions"]} == {"standing", "arrival"}
    (follow_up,) = [q for q in english["questions"] if q["id"] == "autoimmune_flare"]
    assert follow_up["asked_when"] == {"question": "autoimmune", "answer": "yes"}
    assert english["advisory"] != chinese.json()["advisory"]
    assert (await chain.get("/v1/protocols/shiatsu")).status_code == 404
    assert (await chain.get("/v1/protocols/massage/versions/9")).status_code == 404
