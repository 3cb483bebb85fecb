"""The client's own page: from the link to the standing, on the same path as every other screening."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from services.screening.outcome_words import OUTCOMES
from services.screening.page_words import WORDS
from tests.screening.builders import BACK_STEPPING
from tests.screening.chain import CLINICIAN, Chain
from tests.screening.phone import Phone, invited


async def test_a_client_answers_signs_and_can_be_booked(chain: Chain) -> None:
    client_id = await chain.client()
    invitation = await invited(chain, client_id=client_id)
    assert await chain.book(client_id) == "screening_required"
    async with chain.http() as http:
        phone = await Phone(http, invitation["url"]).begin()
        await phone.fill(joint_surgery="yes", joint_surgery_on="2020-05-04")
        assert "4 May 2020" in phone.answer.text
        before = await chain.outbox_end()
        await phone.sign("Ada <Example>")
    assert phone.answer.status_code == 200
    assert phone.title == OUTCOMES["en"]["clearance_required"].title
    (announced,) = await chain.announced(before)
    assert announced["outcome"] == "clearance_required"
    shown = (await chain.get(f"/v1/invitations/{invitation['id']}", *CLINICIAN)).json()
    assert shown["state"] == "completed"
    screening = (await chain.get(f"/v1/screenings/{shown['screening_id']}?reason=test", *CLINICIAN)).json()
    assert screening["signed_by"] == {"name": "Ada <Example>", "relationship": "self"}
    assert screening["answers"]["joint_surgery_on"] == "2020-05-04"
    assert screening["protocol_version"] == BACK_STEPPING.version
    assert await chain.book(client_id) == "clearance_required"


async def test_nothing_is_asked_before_the_advisory_is_acknowledged(chain: Chain) -> None:
    async with chain.http() as http:
        phone = await Phone(http, (await invited(chain))["url"]).open("?step=3")
        assert BACK_STEPPING.advisory["en"] in phone.answer.text
        assert phone.questions == []
        await phone.send()
        assert phone.answer.status_code == 422
        assert phone.problems == ["acknowledged"]
        await phone.send(acknowledged="yes")
        assert len(phone.questions) == 4


async def test_what_is_missing_is_named_and_what_is_there_is_kept(chain: Chain) -> None:
    async with chain.http() as http:
        phone = await Phone(http, (await invited(chain))["url"]).begin()
        first, second, *others = phone.questions
        await phone.send({first: "unsure", second: "perhaps"}, to="next")
        assert phone.answer.status_code == 422
        assert phone.problems == [second, *others]
        assert phone.form.fields[first] == "unsure"
        assert WORDS["en"].answer_missing in phone.answer.text
        again = await Phone(http, phone.url).open()
        assert again.form.fields[first] == "unsure"


async def test_a_follow_up_is_asked_when_its_answer_is_given_and_not_otherwise(chain: Chain) -> None:
    async with chain.http() as http:
        phone = await Phone(http, (await invited(chain))["url"]).begin()
        while "a-joint_surgery" not in phone.questions:
            await phone.send(dict.fromkeys(phone.questions, "no"), to="next")
            assert phone.answer.status_code == 200
        at = phone.url
        assert "a-joint_surgery_on" not in phone.questions
        await phone.send(dict.fromkeys(phone.questions, "no") | {"a-joint_surgery": "yes"}, to="next")
        assert phone.url == at, "an address tells nobody that there was something to follow up"
        assert "a-joint_surgery_on" in phone.questions
        assert WORDS["en"].follows in phone.answer.text
        await phone.send(to="next")
        assert phone.problems == ["a-joint_surgery_on"]
        await phone.send({"a-joint_surgery_on": "2999-01-01"}, to="next")
        assert WORDS["en"].day_future in phone.answer.text
        await phone.send({"a-joint_surgery_on": "2026-02-30"}, to="next")
        assert WORDS["en"].day_wrong in phone.answer.text
        await phone.send({"a-joint_surgery_on": "", "a-joint_surgery_on-unknown": "yes"}, to="next")
        assert (phone.answer.status_code, phone.url) != (200, at)
        await phone.fill()
        assert WORDS["en"].day_unknown in phone.answer.text


async def test_going_back_keeps_answers_and_the_link_goes_on_where_one_was(chain: Chain) -> None:
    async with chain.http() as http:
        phone = await Phone(http, (await invited(chain))["url"]).begin()
        first = phone.questions
        await phone.send(dict.fromkeys(first, "no") | {first[1]: "unsure"}, to="next")
        await phone.send({phone.questions[0]: "no"}, to="back")
        assert phone.questions == first
        assert phone.form.fields[first[1]] == "unsure"
        again = await Phone(http, phone.url).open()
        assert "step=3" not in again.url
        assert again.questions != first
        assert again.form.fields[again.questions[0]] == "no", "also what was answered before going back"


async def test_an_answer_is_changed_from_the_review_and_back_there_at_once(chain: Chain) -> None:
    async with chain.http() as http:
        phone = await Phone(http, (await invited(chain))["url"]).begin()
        await phone.fill()
        await phone.open("?step=1&lang=en&change=1")
        await phone.send({phone.questions[2]: "unsure"}, to="next")
        assert phone.title == WORDS["en"].review
        assert phone.answer.text.count(WORDS["en"].unsure) == 1


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({}, "cleared"),
        ({"skin_or_veins": "yes", "skin_or_veins_on_back": "no"}, "cleared_limits"),
        ({"epilepsy": "yes"}, "clearance_required"),
        ({"infection": "yes"}, "deferred_well"),
        ({"chemotherapy": "yes", "chemotherapy_on": "today"}, "deferred_letter"),
        ({"eye_surgery": "yes", "eye_surgery_on": "today"}, "deferred"),
        ({"trapped_nerve": "unsure"}, "open"),
        ({"osteoporosis": "yes", "epilepsy": "yes"}, "declined"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_each_outcome_is_told_kindly_with_what_to_do_next_and_never_why(
    chain: Chain, answers: dict[str, str], outcome: str
) -> None:
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    answers = {id: today.isoformat() if answer == "today" else answer for id, answer in answers.items()}
    async with chain.http() as http:
        phone = await Phone(http, (await invited(chain))["url"], "de").begin()
        await phone.fill(**answers)
        await phone.sign(relationship="guardian")
    told = OUTCOMES["de"][outcome]
    assert phone.title == told.title.format(treatment=BACK_STEPPING.title["de"], day="")
    assert all(line in phone.answer.text for line in told.next)
    assert ("Der erste mögliche Tag ist der " in phone.answer.text) == ("{day}" in told.text[0])
    for question in BACK_STEPPING.questions:
        assert question.text["de"] not in phone.answer.text
