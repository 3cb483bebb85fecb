"""Protocols and answers in HL7 FHIR R4: a `Questionnaire` out, a `QuestionnaireResponse` in, and out for its person.

The kept library (fhir.resources) validates both. It ships R4B (4.3.0) and no longer R4 (4.0.1); these two resources are
the same in both, so what is written here is R4. Imported on first use only.

A question is a `choice` of yes, no, unsure (FHIR's boolean cannot say "unsure") or a `date`, whose "unsure" is a
data-absent-reason. `valueBoolean` is taken as well. The advisory and its acknowledgement are items of their own:
nothing is decided without them.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from pydantic import ValidationError

from services.screening.domain.protocol import LOCALES, NO, UNSURE, YES, Protocol, Question, QuestionType, Section, Text
from shared.errors import Invalid
from shared.kit.problems import pointer

BASE = "https://caibei.example/fhir"
ANSWERS = f"{BASE}/CodeSystem/answers"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
ADVISORY, ACKNOWLEDGED = "advisory", "advisory-acknowledged"
_STATUS = {"active": "active", "retired": "retired", "withdrawn": "retired"}
_SAID = {
    ACKNOWLEDGED: {
        "en": "I have read this advice.",
        "zh-Hans": "我已阅读以上建议。",
        "de": "Ich habe diesen Rat gelesen.",
        "es": "He leído este consejo.",
    },
    YES: {"en": "Yes", "zh-Hans": "是", "de": "Ja", "es": "Sí"},
    NO: {"en": "No", "zh-Hans": "否", "de": "Nein", "es": "No"},
    UNSURE: {"en": "I am not sure", "zh-Hans": "不确定", "de": "Ich bin nicht sicher", "es": "No estoy seguro/a"},
}


# --- out ------------------------------------------------------------------------------------------------------------


def questionnaire(protocol: Protocol, state: str, locale: str) -> bytes:
    """One version as a Questionnaire in `locale`, with every other language as the translation extension."""
    resource = {
        "resourceType": "Questionnaire",
        "id": f"{protocol.name}-{protocol.version}",
        "language": locale,
        "url": f"{BASE}/Questionnaire/{protocol.name}",
        "version": str(protocol.version),
        "name": "".join(part.capitalize() for part in protocol.name.split("-")),
        **_text("title", protocol.title, locale),
        "status": _STATUS.get(state, "draft"),
        "subjectType": ["Patient"],
        "item": [
            {"linkId": ADVISORY, "type": "display", **_text("text", protocol.advisory, locale)},
            {"linkId": ACKNOWLEDGED, "type": "boolean", "required": True, **_text("text", _SAID[ACKNOWLEDGED], locale)},
            *(_group(protocol, section, locale) for section in Section if list(protocol.asked(section))),
        ],
    }
    return Questionnaire.model_validate(resource).model_dump_json().encode()


def _group(protocol: Protocol, section: Section, locale: str) -> dict[str, Any]:
    items = [_item(question, locale) for question in protocol.asked(section)]
    return {"linkId": section.value, "type": "group", "item": items}


def _item(question: Question, locale: str) -> dict[str, Any]:
    item: dict[str, Any] = {"linkId": question.id, "required": True, **_text("text", question.text, locale)}
    if question.asked_when:
        asked, answer = question.asked_when
        item["enableWhen"] = [{"question": asked, "operator": "=", "answerCoding": _coding(answer)}]
    if question.type is QuestionType.DATE:
        return item | {"type": "date"}
    said = {option.value: option.text for option in question.options} or {YES: _SAID[YES], NO: _SAID[NO]}
    options = [
        {"valueCoding": _coding(value) | _text("display", text, locale)}
        for value, text in (said | {UNSURE: _SAID[UNSURE]}).items()
    ]
    return item | {"type": "choice", "answerOption": options}


def _coding(value: str) -> dict[str, Any]:
    return {"system": ANSWERS, "code": value}


def _text(field: str, text: Text, locale: str) -> dict[str, Any]:
    """A text in one language, and beside it the others. A draft may lack some."""
    shown = text.get(locale) or next((text[each] for each in LOCALES if text.get(each)), "—")
    others = [
        {"url": TRANSLATION,
         "extension": [{"url": "lang", "valueCode": each}, {"url": "content", "valueString": text[each]}]}
        for each in LOCALES if each != locale and text.get(each)
    ]  # fmt: skip
    return {field: shown, f"_{field}": {"extension": others}} if others else {field: shown}


def response(
    protocol: Protocol,
    section: Section,
    answers: Mapping[str, str],
    *,
    id: UUID,
    client_id: UUID,
    authored: str,
    locale: str,
    signed_by: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What a client answered, as a QuestionnaireResponse; `signed_by` beside the advisory that was acknowledged.

    Sent back it decides the same: `screening` reads what this writes.
    """
    questions = {question.id: question for question in protocol.asked(section)}
    items: list[dict[str, Any]] = [
        {
            "linkId": section.value,
            "item": [
                {
                    "linkId": each,
                    "text": questions[each].text[locale],
                    "answer": [_given(questions[each], answer, locale)],
                }
                for each, answer in answers.items()
            ],
        }
    ]
    resource: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "id": str(id),
        "language": locale,
        "questionnaire": f"{BASE}/Questionnaire/{protocol.name}|{protocol.version}",
        "status": "completed",
        "subject": {"reference": f"Patient/{client_id}"},
        "authored": authored,
        "item": items,
    }
    if signed_by is not None:
        items.insert(0, {"linkId": ACKNOWLEDGED, "answer": [{"valueBoolean": True}]})
        guardian = signed_by["relationship"] == "guardian"
        who = {"type": "RelatedPerson"} if guardian else {"reference": f"Patient/{client_id}"}
        resource["source"] = who | {"display": signed_by["name"]}
    QuestionnaireResponse.model_validate(resource)
    return resource


def _given(question: Question, answer: str, locale: str) -> dict[str, Any]:
    if question.type is QuestionType.DATE and answer != NO:
        absent = {"extension": [{"url": ABSENT, "valueCode": "asked-unknown"}]}
        return {"_valueDate": absent} if answer == UNSURE else {"valueDate": answer}
    said = {option.value: option.text for option in question.options} | {
        value: _SAID[value] for value in (YES, NO, UNSURE)
    }
    return {"valueCoding": _coding(answer) | {"display": said[answer][locale]}}


# --- in -------------------------------------------------------------------------------------------------------------


def screening(resource: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The body of `POST /v1/screenings` that a QuestionnaireResponse stands for, and where each part of it stood.

    `questionnaire` is `…/Questionnaire/{name}|{version}`, `subject` the client as Patient, `source` who answered and
    signs (`display`: the name): the Patient, or a RelatedPerson as guardian.

    Raises:
        Invalid: it is no QuestionnaireResponse, or names none of these. No answer is repeated.
    """
    try:
        QuestionnaireResponse.model_validate(resource)
    except ValidationError as error:
        raise _invalid([(pointer(list(each["loc"])), "Not as FHIR R4 has it.") for each in error.errors()]) from None
    faults: list[tuple[str, str]] = []
    if resource.get("status") not in ("completed", "amended"):
        faults.append(("/status", "Only a completed questionnaire is decided on."))
    name, _, version = str(resource.get("questionnaire", "")).rpartition("/")[2].partition("|")
    if not name or not version.isdecimal() or len(version) > 6:
        faults.append(("/questionnaire", "Name the questionnaire and its version: …/Questionnaire/{name}|{version}."))
    client = _reference(resource, "subject", "Patient")
    if client is None or not _is_uuid(client):
        faults.append(("/subject/reference", "Name the client: Patient/{client_id}."))
    source = resource.get("source") or {}
    guardian = str(source.get("reference", source.get("type", ""))).startswith("RelatedPerson")
    if not str(source.get("display", "")).strip():
        faults.append(("/source/display", "Name who answered and signs."))
    answers, places = _answers(resource.get("item") or [], "/item", faults)
    if faults:
        raise _invalid(faults)
    body = {
        "client_id": client,
        "protocol": name,
        "protocol_version": int(version),
        "advisory_acknowledged": answers.pop(ACKNOWLEDGED, NO) == YES,
        "answers": answers,
        "signed_by": {"name": source["display"], "relationship": "guardian" if guardian else "self"},
        "locale": resource.get("language"),
    }
    where = {f"/answers/{id}": place for id, place in places.items() if id != ACKNOWLEDGED}
    named = {"/protocol": "/questionnaire", "/protocol_version": "/questionnaire", "/client_id": "/subject/reference"}
    return body, named | {"/advisory_acknowledged": places.get(ACKNOWLEDGED, "/item")} | where


def _answers(
    items: list[dict[str, Any]], at: str, faults: list[tuple[str, str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """{question: answer} and {question: pointer}, of groups and of questions nested under an answer too."""
    answers: dict[str, str] = {}
    places: dict[str, str] = {}
    for number, item in enumerate(items):
        here, id, given = f"{at}/{number}", item["linkId"], item.get("answer") or []
        if len(given) > 1:
            faults.append((f"{here}/answer", "One answer a question."))
        if id in answers:
            faults.append((f"{here}/linkId", "This question is answered twice."))
        if given:
            value = _value(given[0])
            if value is None:
                faults.append((f"{here}/answer/0", "Answer with valueCoding, valueBoolean or valueDate."))
            answers[id], places[id] = value or "", here
        for inner, where in (
            (item.get("item") or [], f"{here}/item"),
            *((each.get("item") or [], f"{here}/answer/{n}/item") for n, each in enumerate(given)),
        ):
            more, more_places = _answers(inner, where, faults)
            if answers.keys() & more.keys():
                faults.append((where, "A question is answered twice."))
            answers, places = answers | more, places | more_places
    return answers, places


def _value(answer: dict[str, Any]) -> str | None:
    if "valueCoding" in answer:
        coding = answer["valueCoding"]
        return coding.get("code") if coding.get("system", ANSWERS) == ANSWERS else None
    if "valueBoolean" in answer:
        return YES if answer["valueBoolean"] is True else NO
    if "valueDate" in answer:
        return str(answer["valueDate"])
    absent = (answer.get("_valueDate") or {}).get("extension") or []
    return UNSURE if any(each.get("url") == ABSENT for each in absent) else None


def _reference(resource: dict[str, Any], field: str, kind: str) -> str | None:
    named, _, id = str((resource.get(field) or {}).get("reference", "")).rpartition("/")
    return id if id and named.rpartition("/")[2] == kind else None


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _invalid(faults: list[tuple[str, str]]) -> Invalid:
    return Invalid(
        "invalid_fhir",
        f"{len(faults)} things keep this QuestionnaireResponse from being taken; errors names each.",
        errors=[{"pointer": where, "code": "invalid_fhir", "detail": detail} for where, detail in faults],
    )
