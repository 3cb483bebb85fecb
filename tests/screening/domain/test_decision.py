"""Every row of domain.md's table, for both treatment families, and what must hold for any answers."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.screening.domain.decision import decide
from services.screening.domain.protocol import NO, UNSURE, YES, Outcome, Protocol, QuestionType, Section
from tests.screening.builders import BACK_STEPPING, BOTH, MASSAGE, TODAY, arriving, decided, healthy

DECLINED, CLEARANCE, CLEARED, DEFERRED = (
    Outcome.DECLINED, Outcome.CLEARANCE_REQUIRED, Outcome.CLEARED, Outcome.DEFERRED,
)  # fmt: skip
LONG_AGO = (TODAY - timedelta(days=4000)).isoformat()

# declared, answers, back-stepping, massage (domain.md, Screening)
TABLE = [
    ("spinal or bone injury, current fracture", {"spinal_or_bone_injury": YES}, DECLINED, CLEARANCE),
    ("osteoporosis, osteopenia, frailty", {"osteoporosis": YES}, DECLINED, CLEARANCE),
    ("ruptured, protruding or herniated disc", {"disc": YES}, DECLINED, CLEARANCE),
    ("ankylosing spondylitis, OPLL, cord symptoms, numbness", {"spinal_disease": YES}, DECLINED, CLEARANCE),
    ("bone tumour, tuberculosis, osteomyelitis", {"bone_tumour_or_infection": YES}, DECLINED, DECLINED),
    ("pregnancy", {"pregnancy": YES, "pregnancy_first_three_months": NO}, DECLINED, CLEARANCE),
    ("pregnancy, first 3 months", {"pregnancy": YES, "pregnancy_first_three_months": YES}, DECLINED, DECLINED),
    ("deep vein thrombosis, phlebitis, clot", {"blood_clot": YES}, DECLINED, DECLINED),
    ("haemophilia, clotting disorder, blood thinners", {"bleeding_risk": YES}, DECLINED, CLEARANCE),
    ("aneurysm, ever", {"aneurysm": YES}, DECLINED, DECLINED),
    ("uncontrolled hypertension, unstable heart", {"unstable_heart": YES}, DECLINED, DECLINED),
    ("pacemaker or other implant", {"implanted_device": YES}, DECLINED, CLEARANCE),
    ("kidney disorder", {"kidney_disorder": YES}, DECLINED, CLEARANCE),
    ("diabetes with neuropathy", {"diabetic_neuropathy": YES}, DECLINED, CLEARANCE),
    ("controlled hypertension, heart or lung disease", {"heart_or_lung_disease": YES}, CLEARANCE, CLEARANCE),
    ("cancer past or present", {"cancer": YES}, CLEARANCE, CLEARANCE),
    ("long-term steroids", {"long_term_steroids": YES}, CLEARANCE, CLEARANCE),
    ("diabetes without complication", {"diabetes": YES}, CLEARANCE, CLEARANCE),
    ("epilepsy", {"epilepsy": YES}, CLEARANCE, CLEARANCE),
    ("severe asthma", {"severe_asthma": YES}, CLEARANCE, CLEARANCE),
    ("scoliosis", {"scoliosis": YES}, CLEARANCE, CLEARANCE),
    ("trapped nerve", {"trapped_nerve": YES}, CLEARANCE, CLEARANCE),
    ("autoimmune, stable", {"autoimmune": YES, "autoimmune_flare": NO}, CLEARANCE, CLEARANCE),
    ("autoimmune, in a flare", {"autoimmune": YES, "autoimmune_flare": YES}, DECLINED, DECLINED),
    ("joint surgery, today", {"joint_surgery": YES, "joint_surgery_on": TODAY.isoformat()}, DEFERRED, CLEARANCE),
    ("joint surgery, long ago", {"joint_surgery": YES, "joint_surgery_on": LONG_AGO}, CLEARANCE, CLEARANCE),
    ("breast implants, today", {"breast_implants": YES, "breast_implants_on": TODAY.isoformat()}, DEFERRED, CLEARED),
    ("breast implants, long ago", {"breast_implants": YES, "breast_implants_on": LONG_AGO}, CLEARED, CLEARED),
    ("eye surgery, today", {"eye_surgery": YES, "eye_surgery_on": TODAY.isoformat()}, DEFERRED, CLEARED),
    ("eye surgery, long ago", {"eye_surgery": YES, "eye_surgery_on": LONG_AGO}, CLEARED, CLEARED),
    ("chemotherapy, today", {"chemotherapy": YES, "chemotherapy_on": TODAY.isoformat()}, DEFERRED, DEFERRED),
    ("chemotherapy, long ago", {"chemotherapy": YES, "chemotherapy_on": LONG_AGO}, CLEARANCE, CLEARANCE),
    ("radiotherapy running", {"radiotherapy": YES, "radiotherapy_ends_on": "2027-01-01"}, DEFERRED, CLEARANCE),
    ("infection", {"infection": YES}, DEFERRED, DEFERRED),
    ("concussion", {"concussion": YES}, DEFERRED, DEFERRED),
    ("acute injury, haematoma", {"acute_injury": YES}, DEFERRED, CLEARED),
    ("unexplained swelling", {"unexplained_swelling": YES}, DEFERRED, DEFERRED),
    ("strong painkillers or muscle relaxants", {"strong_painkillers": YES}, CLEARANCE, CLEARED),
    ("varicose veins, lesion, wound", {"skin_or_veins": YES, "skin_or_veins_on_back": NO}, CLEARED, CLEARED),
    ("the same on the back", {"skin_or_veins": YES, "skin_or_veins_on_back": YES}, DECLINED, CLEARED),
    ("nothing", {}, CLEARED, CLEARED),
    ("unsure", {"osteoporosis": UNSURE}, DEFERRED, DEFERRED),
]

# declared on the day, answers, back-stepping, massage
ARRIVAL_TABLE = [
    ("fever", {"fever_today": YES}, DEFERRED, DEFERRED),
    ("alcohol or drugs today", {"alcohol_or_drugs_today": YES}, DECLINED, DECLINED),
    ("meal within 30 minutes", {"meal_within_30_minutes": YES}, DEFERRED, DEFERRED),
    ("painkillers today", {"medicines_today": YES}, CLEARANCE, CLEARED),
    ("changed since last visit", {"changed_since_last_visit": YES}, DEFERRED, DEFERRED),
    ("nothing", {}, CLEARED, CLEARED),
    ("unsure", {"fever_today": UNSURE}, DEFERRED, DEFERRED),
]


def _only_asked(protocol: Protocol, answers: dict[str, str]) -> dict[str, str]:
    return {id: answer for id, answer in answers.items() if id in {question.id for question in protocol.questions}}


@pytest.mark.parametrize(("row", "answers", "back_stepping", "massage"), TABLE, ids=[row[0] for row in TABLE])
def test_each_declared_condition_has_the_outcome_of_its_row(
    row: str, answers: dict[str, str], back_stepping: Outcome, massage: Outcome
) -> None:
    for protocol, expected in ((BACK_STEPPING, back_stepping), (MASSAGE, massage)):
        assert decided(protocol, **_only_asked(protocol, answers)).outcome_on(TODAY) is expected, protocol.name


@pytest.mark.parametrize(
    ("row", "answers", "back_stepping", "massage"), ARRIVAL_TABLE, ids=[row[0] for row in ARRIVAL_TABLE]
)
def test_each_answer_at_the_door_has_the_outcome_of_its_row(
    row: str, answers: dict[str, str], back_stepping: Outcome, massage: Outcome
) -> None:
    assert arriving(BACK_STEPPING, **answers).outcome_on(TODAY) is back_stepping
    assert arriving(MASSAGE, **answers).outcome_on(TODAY) is massage


def test_every_yes_of_both_protocols_is_in_the_tables() -> None:
    tabled = {(id, a) for _, answers, _, _ in (*TABLE, *ARRIVAL_TABLE) for id, a in answers.items() if a == YES}
    asked = {(q.id, YES) for protocol in BOTH for q in protocol.questions if q.type is QuestionType.BOOLEAN}
    assert tabled == asked


@pytest.mark.parametrize(
    ("answers", "last_day", "then"),
    [
        ({"joint_surgery": YES, "joint_surgery_on": "2026-03-10"}, "2026-04-21", CLEARANCE),
        ({"breast_implants": YES, "breast_implants_on": "2025-05-31"}, "2026-02-28", CLEARED),
        ({"eye_surgery": YES, "eye_surgery_on": "2026-03-10"}, "2026-03-13", CLEARED),
        ({"chemotherapy": YES, "chemotherapy_on": "2026-03-10"}, "2026-03-13", CLEARANCE),
        ({"radiotherapy": YES, "radiotherapy_ends_on": "2026-06-30"}, "2026-06-30", CLEARED),
    ],
    ids=["6 weeks", "9 months, to a shorter month", "72 h", "72 h of chemotherapy", "to its end"],
)
def test_a_deferral_waits_through_its_last_day_and_no_longer(
    answers: dict[str, str], last_day: str, then: Outcome
) -> None:
    decision = decided(BACK_STEPPING, **answers)
    assert decision.deferred_until is not None
    assert decision.deferred_until.isoformat() == last_day
    assert decision.outcome_on(decision.deferred_until) is DEFERRED
    assert decision.outcome_on(decision.deferred_until + timedelta(days=1)) is then


@pytest.mark.parametrize(
    ("protocol", "answers", "limit"),
    [
        (BACK_STEPPING, {"skin_or_veins": YES, "skin_or_veins_on_back": NO}, "avoid_skin_or_veins"),
        (MASSAGE, {"skin_or_veins": YES}, "avoid_skin_or_veins"),
        (MASSAGE, {"breast_implants": YES}, "avoid_chest"),
        (MASSAGE, {"acute_injury": YES}, "avoid_injured_area"),
        (MASSAGE, {"eye_surgery": YES}, "recent_eye_surgery"),
        (MASSAGE, {"strong_painkillers": YES}, "painkillers"),
    ],
)
def test_what_is_local_or_the_therapists_decision_is_cleared_with_a_limit(
    protocol: Protocol, answers: dict[str, str], limit: str
) -> None:
    assert decided(protocol, **answers).limits == (limit,)


def test_a_missing_answer_is_open_and_nothing_is_cleared() -> None:
    answers = healthy()
    del answers["aneurysm"]
    decision = decide(BACK_STEPPING, Section.STANDING, answers)
    assert decision.open_questions == ("aneurysm",)
    assert decision.outcome_on(TODAY) is not CLEARED


def test_a_follow_up_is_open_only_where_it_applies() -> None:
    assert decided(autoimmune=NO).open_questions == ()
    assert decided(autoimmune=YES).open_questions == ("autoimmune_flare",)


def test_a_surgery_without_its_day_is_asked_again() -> None:
    assert decided(eye_surgery=YES, eye_surgery_on=NO).open_questions == ("eye_surgery_on",)
    assert decided(eye_surgery=YES, eye_surgery_on=UNSURE).open_questions == ("eye_surgery_on",)


def test_a_decline_is_not_softened_by_open_answers() -> None:
    assert decided(osteoporosis=YES, aneurysm=UNSURE).outcome_on(TODAY) is DECLINED


def answer_sets(protocol: Protocol) -> st.SearchStrategy[dict[str, str]]:
    """Any answers to the standing questions, contradictory ones too."""
    kinds = {
        question.id: (
            st.sampled_from([NO, UNSURE, LONG_AGO, TODAY.isoformat(), "2026-02-20"])
            if question.type is QuestionType.DATE
            else st.sampled_from([NO, NO, NO, UNSURE, YES])
        )
        for question in protocol.asked(Section.STANDING)
    }
    return st.fixed_dictionaries({}, optional=kinds)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_declaring_one_more_condition_never_makes_the_outcome_milder(data: st.DataObject) -> None:
    protocol = data.draw(st.sampled_from(BOTH))
    answers = data.draw(answer_sets(protocol))
    undeclared = [
        question.id
        for question in protocol.asked(Section.STANDING)
        if question.type is QuestionType.BOOLEAN and answers.get(question.id) == NO
    ]
    if not undeclared:
        return
    more = answers | {data.draw(st.sampled_from(undeclared)): YES}
    for later in (0, 3, 42, 400):
        day = TODAY + timedelta(days=later)
        before = decide(protocol, Section.STANDING, answers)
        after = decide(protocol, Section.STANDING, more)
        assert after.outcome_on(day).severity >= before.outcome_on(day).severity
        assert set(after.limits) >= set(before.limits)
        assert set(after.open_questions) >= set(before.open_questions) - set(more)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_the_same_answers_and_version_give_the_same_decision(data: st.DataObject) -> None:
    protocol = data.draw(st.sampled_from(BOTH))
    answers = data.draw(answer_sets(protocol))
    shuffled = dict(data.draw(st.permutations(list(answers.items()))))
    assert decide(protocol, Section.STANDING, answers) == decide(protocol, Section.STANDING, shuffled)
