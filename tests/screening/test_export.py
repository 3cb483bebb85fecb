"""A person's data, for that person: all of it, audited, and nobody else's."""

import orjson
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from shared.kit.ids import new_id
from tests.screening.chain import CLINICIAN, RECEPTION, Chain
from tests.screening.test_erasure import CANARY, lived
from tests.shared.kit.printed import words

EXPORTER = ("screening:read", "screening:answers")


async def test_an_export_holds_everything_and_is_one_audited_reading(chain: Chain) -> None:
    client_id = await chain.client()
    screening_id, appointment_id = await lived(chain, client_id)
    await chain.get(f"/v1/screenings/{screening_id}?reason=a question of the client", *CLINICIAN)
    got = await chain.get(f"/v1/clients/{client_id}/export?reason=asked for by the client", *EXPORTER)
    assert got.status_code == 200, got.text
    body = got.json()
    (screening,), (arrival,) = body["screenings"], body["arrivals"]
    assert {answer["question"]: answer["answer"] for answer in screening["answers"]}["cancer"] == "yes"
    assert all(answer["text"] for answer in [*screening["answers"], *arrival["answers"]])
    assert screening["signed_by"] == {"name": CANARY, "relationship": "self"}
    assert screening["clearances"][0]["professional"]["name"] == CANARY
    assert screening["clearances"][0]["document"]["bytes"] > 0
    assert screening["reasons"] and screening["advisory"]
    assert (arrival["appointment_id"], arrival["declined"]) == (str(appointment_id), False)
    assert [standing["protocol"] for standing in body["standings"]] == ["back-stepping"]
    assert "a question of the client" in [line["reason"] for line in body["readings"]]
    lines = (await chain.get(f"/v1/audit?subject_id={client_id}", "ops:read")).json()["items"]
    exported = [line["reason"] for line in lines if line["action"] == "exported"]
    assert exported == ["asked for by the client"]
    assert orjson.dumps(body).count(CANARY.encode()) >= 5


async def test_the_answers_of_an_export_are_fhir_resources_that_decide_the_same_elsewhere(chain: Chain) -> None:
    client_id = await chain.client()
    answers = {"chemotherapy": "yes", "chemotherapy_on": "unsure", "joint_surgery": "yes"}
    await chain.screened(client_id, **answers, joint_surgery_on="2020-05-04", epilepsy="unsure")
    await lived(chain, client_id)
    body = (await chain.get(f"/v1/clients/{client_id}/export?locale=de", *EXPORTER)).json()
    for resource in body["questionnaire_responses"]:
        assert QuestionnaireResponse.model_validate(resource).status == "completed"
    signed = [each for each in body["questionnaire_responses"] if "source" in each]
    assert len(signed) == len(body["screenings"]) == len(body["questionnaire_responses"]) - len(body["arrivals"])
    for resource, screening in zip(signed, body["screenings"], strict=True):
        again = await chain.post("/v1/screenings", resource, *CLINICIAN)
        assert (again.status_code, again.json()["outcome"]) == (201, screening["outcome"]), again.text
        shown = (await chain.get(f"/v1/screenings/{again.json()['id']}", *CLINICIAN)).json()
        assert shown["answers"] == {answer["question"]: answer["answer"] for answer in screening["answers"]}
        assert shown["signed_by"] == screening["signed_by"]


async def test_after_an_erasure_of_answers_the_export_has_decisions_only(chain: Chain) -> None:
    client_id = await chain.client()
    await lived(chain, client_id)
    async with chain.http(*RECEPTION) as http:
        await http.delete(f"/v1/clients/{client_id}")
    body = (await chain.get(f"/v1/clients/{client_id}/export", *EXPORTER)).json()
    assert [(row["erased"], row["outcome"]) for row in body["screenings"]] == [(True, "clearance_required")]
    assert (body["arrivals"], body["standings"]) == ([], [])
    assert CANARY not in str(body)


async def test_an_export_is_for_who_may_read_answers_of_the_clients_branch(chain: Chain) -> None:
    client_id = await chain.client()
    path = f"/v1/clients/{client_id}/export"
    assert (await chain.get(path, *RECEPTION)).status_code == 403
    assert (await chain.get(path, *EXPORTER, branches=[new_id()])).status_code == 404
    assert (await chain.get(f"/v1/clients/{new_id()}/export", *EXPORTER)).status_code == 404
    assert (await chain.get(path, *EXPORTER)).json()["screenings"] == []


async def test_the_same_is_printed_to_be_read(chain: Chain) -> None:
    client_id = await chain.client()
    await lived(chain, client_id)
    got = await chain.get(f"/v1/clients/{client_id}/export.pdf", *EXPORTER)
    assert (got.status_code, got.headers["content-type"]) == (200, "application/pdf")
    assert got.headers["content-disposition"].startswith("attachment")
    text = words(got.content)
    body = (await chain.get(f"/v1/clients/{client_id}/export", *EXPORTER)).json()
    for answer in body["screenings"][0]["answers"][:5]:
        assert answer["text"] in text
    assert text.count(CANARY) >= 4
    assert "When your answers were read" in text
    assert (await chain.get(f"/v1/clients/{client_id}/export.pdf", *RECEPTION)).status_code == 403
