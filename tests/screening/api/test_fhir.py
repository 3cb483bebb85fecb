"""Protocols as HL7 FHIR Questionnaires, answers as QuestionnaireResponses: the same decisions by another door."""

import asyncio
import sys
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from tests.screening.chain import CLINICIAN, RECEPTION, SIGNED, Chain

FHIR = {"Accept": "application/fhir+json"}
ANSWERS = "https://caibei.example/fhir/CodeSystem/answers"
ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "asked-unknown"}


async def questionnaire(chain: Chain, path: str = "/v1/protocols/back-stepping", **headers: str) -> dict[str, Any]:
    async with chain.http(*RECEPTION) as http:
        response = await http.get(path, headers=FHIR | headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/fhir+json; fhirVersion=4.0"
    found: dict[str, Any] = response.json()
    return found


def section(resource: dict[str, Any], name: str) -> list[dict[str, Any]]:
    (group,) = [item for item in resource["item"] if item["linkId"] == name]
    items: list[dict[str, Any]] = group["item"]
    return items


def filled(resource: dict[str, Any], client_id: UUID, **answers: Any) -> dict[str, Any]:
    """What a FHIR form gives back for this Questionnaire: "no" but for these answers."""
    items = []
    for item in section(resource, "standing"):
        if item["linkId"] in answers:
            items.append({"linkId": item["linkId"], "answer": [answers[item["linkId"]]]})
        elif "enableWhen" not in item:
            items.append({"linkId": item["linkId"], "answer": [coded("no")]})
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{resource['url']}|{resource['version']}",
        "status": "completed",
        "subject": {"reference": f"Patient/{client_id}"},
        "source": {"reference": f"Patient/{client_id}", "display": SIGNED["name"]},
        "item": [
            {"linkId": "advisory-acknowledged", "answer": [{"valueBoolean": True}]},
            {"linkId": "standing", "item": items},
        ],
    }


def coded(value: str) -> dict[str, Any]:
    return {"valueCoding": {"system": ANSWERS, "code": value}}


async def send(chain: Chain, resource: dict[str, Any]) -> Any:
    async with chain.http(*CLINICIAN) as http:
        return await http.post(
            "/v1/screenings", json=resource, headers={"Content-Type": "application/fhir+json; fhirVersion=4.0"}
        )


async def test_a_protocol_is_a_questionnaire_with_its_follow_ups_and_every_language(chain: Chain) -> None:
    resource = await questionnaire(chain)
    assert Questionnaire.model_validate(resource).model_dump(mode="json") == resource
    assert (resource["status"], resource["version"], resource["language"]) == ("active", "2", "en")
    standing = {item["linkId"]: item for item in section(resource, "standing")}
    assert standing["autoimmune_flare"]["enableWhen"] == [
        {"question": "autoimmune", "operator": "=", "answerCoding": coded("yes")["valueCoding"]}
    ]
    assert standing["joint_surgery_on"]["type"] == "date"
    codes = [option["valueCoding"]["code"] for option in standing["autoimmune"]["answerOption"]]
    assert codes == ["yes", "no", "unsure"]
    said = {
        part["extension"][0]["valueCode"]: part["extension"][1]["valueString"]
        for part in resource["_title"]["extension"]
    }
    assert said.keys() == {"zh-Hans", "de", "es"}
    assert said["zh-Hans"] == "踩背"
    assert section(resource, "arrival")[0]["linkId"] == "changed_since_last_visit"


async def test_the_asked_language_comes_first_and_the_query_asks_for_fhir_too(chain: Chain) -> None:
    chinese = await questionnaire(chain, "/v1/protocols/back-stepping/versions/1?locale=zh-Hans")
    assert (chinese["title"], chinese["language"], chinese["status"]) == ("踩背", "zh-Hans", "retired")
    asked = await chain.get("/v1/protocols/massage?format=fhir")
    assert asked.json()["resourceType"] == "Questionnaire"
    plain = await chain.get("/v1/protocols/massage")
    assert (plain.json()["name"], plain.headers["vary"]) == ("massage", "Accept, Accept-Language")


async def test_a_filled_questionnaire_is_decided_as_the_same_answers_are(chain: Chain) -> None:
    resource, client_id = await questionnaire(chain), await chain.client()
    sent = filled(resource, client_id, osteoporosis=coded("yes"), epilepsy={"valueBoolean": False})
    QuestionnaireResponse.model_validate(sent)
    response = await send(chain, sent)
    assert response.status_code == 201
    body = response.json()
    assert (body["outcome"], body["protocol_version"]) == ("declined", 2)
    assert [reason["code"] for reason in body["reasons"]] == ["osteoporosis"]
    shown = (await chain.get(f"/v1/screenings/{body['id']}", *CLINICIAN)).json()
    assert shown["signed_by"] == SIGNED
    assert shown["answers"]["epilepsy"] == "no"


@pytest.mark.parametrize(
    ("given", "outcome", "reasons"),
    [
        ({"aneurysm": coded("unsure")}, "deferred", ["unsure:aneurysm"]),
        ({"eye_surgery": coded("yes"), "eye_surgery_on": {"valueDate": "2020-01-01"}}, "cleared", []),
        (
            {"eye_surgery": coded("yes"), "eye_surgery_on": {"_valueDate": {"extension": [ABSENT]}}},
            "deferred",
            ["unsure:eye_surgery_on"],
        ),
    ],
)
async def test_dates_and_not_knowing_have_their_fhir_words(
    chain: Chain, given: dict[str, Any], outcome: str, reasons: list[str]
) -> None:
    response = await send(chain, filled(await questionnaire(chain), await chain.client(), **given))
    assert response.status_code == 201, response.text
    codes = [reason["code"] for reason in response.json()["reasons"] if reason["code"] != "eye_surgery"]
    assert (response.json()["outcome"], codes) == (outcome, reasons)


async def test_a_follow_up_may_be_nested_under_its_answer(chain: Chain) -> None:
    sent = filled(await questionnaire(chain), await chain.client())
    (autoimmune,) = [item for item in sent["item"][1]["item"] if item["linkId"] == "autoimmune"]
    autoimmune["answer"] = [coded("yes") | {"item": [{"linkId": "autoimmune_flare", "answer": [coded("yes")]}]}]
    assert (await send(chain, sent)).json()["outcome"] == "declined"


async def test_a_guardian_signs_as_a_related_person(chain: Chain) -> None:
    sent = filled(await questionnaire(chain), await chain.client())
    sent["source"] = {"reference": "RelatedPerson/1", "display": "Bea Example"}
    made = (await send(chain, sent)).json()
    shown = (await chain.get(f"/v1/screenings/{made['id']}", *CLINICIAN)).json()
    assert shown["signed_by"] == {"name": "Bea Example", "relationship": "guardian"}


@pytest.mark.parametrize(
    ("wrong", "status", "code", "pointer"),
    [
        ({"status": "in-progress"}, 422, "invalid_fhir", "/status"),
        ({"status": "CANARY"}, 422, "invalid_fhir", "/status"),
        ({"questionnaire": "massage"}, 422, "invalid_fhir", "/questionnaire"),
        ({"questionnaire": "x/massage|99"}, 422, "unknown_protocol_version", "/questionnaire"),
        ({"subject": {"reference": "Group/CANARY"}}, 422, "invalid_fhir", "/subject/reference"),
        ({"subject": {"reference": "Patient/CANARY"}}, 422, "invalid_fhir", "/subject/reference"),
        ({"source": {"reference": "Patient/1"}}, 422, "invalid_fhir", "/source/display"),
        ({"item": []}, 422, "advisory_required", "/item"),
        ({"item": [{"linkId": "x", "answer": [{"valueDate": "CANARY"}]}]}, 422, "invalid_fhir",
         "/item/0/answer/0/valueDate"),
        ({"item": [{"linkId": "x", "answer": [{"valueString": "CANARY"}]}]}, 422, "invalid_fhir", "/item/0/answer/0"),
        ({"CANARY": 1}, 422, "invalid_fhir", "/CANARY"),
    ],
)  # fmt: skip
async def test_what_is_no_answer_to_the_questionnaire_is_refused_where_it_is_wrong(
    chain: Chain, wrong: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    response = await send(chain, filled(await questionnaire(chain), await chain.client()) | wrong)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert "CANARY" not in response.text.replace("/CANARY", "")


async def test_an_answer_that_cannot_be_taken_is_named_by_its_item_and_never_repeated(chain: Chain) -> None:
    sent = filled(await questionnaire(chain), await chain.client(), disc=coded("CANARY"))
    place = next(n for n, item in enumerate(sent["item"][1]["item"]) if item["linkId"] == "disc")
    response = await send(chain, sent)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == f"/item/1/item/{place}"
    assert "CANARY" not in response.text


async def test_a_service_that_nobody_asks_for_fhir_never_loads_it() -> None:
    script = "import sys, services.screening.app as a; a.SERVICE; sys.exit('fhir.resources' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    assert await process.wait() == 0
