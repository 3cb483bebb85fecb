"""Every refusal names what to do next: for a person in `detail`, for a program in `next`; and no number of a mass."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.room_equipment.domain import errors
from services.room_equipment.domain.errors import ACTIONS
from services.room_equipment.domain.gate import SCREENING_STEP, Answer, check_screening
from shared.errors import Refused
from shared.kit.ids import new_id
from tests.room_equipment.door import Door
from tests.room_equipment.spa import Spa, soon

ROOT = Path(errors.__file__).parents[1]
AT, ID = datetime(2026, 11, 25, 12, tzinfo=UTC), UUID(int=7)

NAMED: dict[str, tuple[list[Any], list[str]]] = {
    # class: arguments, the actions it asks for in order
    "InspectorIsRepairer": ([], ["inspect_bar"]),
    "WorkOrderOpen": ([[ID]], ["complete_work_order", "inspect_bar"]),
    "InspectionTooEarly": ([AT], ["inspect_bar"]),
    "InspectionBeforeRepair": ([AT], ["inspect_bar"]),
    "InspectionBeforeChange": ([AT], ["inspect_bar"]),
    "InstallationRequired": ([], ["inspect_bar"]),
    "AfterEventRequired": ([["impact", "water"]], ["inspect_bar"]),
    "InspectorWithdrawn": ([], ["inspect_bar", "put_into_service"]),
    "TherapistMismatch": ([], ["choose_therapist"]),
    "TooEarly": ([AT], ["try_again"]),
    "RoomOccupied": ([ID], ["finish_session", "choose_room"]),
    "TherapistBusy": ([], ["finish_session", "choose_therapist"]),
    "NextSessionInTheWay": ([AT], ["choose_room", "choose_time"]),
    "CheckMissing": ([[ID]], ["check_bars"]),
    "AlreadyStarted": ([], ["finish_session"]),
    "NotStarted": ([], ["start_session"]),
    "AppointmentUnproven": (["Scheduling did not answer within a second."], ["try_again"]),
    "ScreeningUnproven": (["Screening did not answer within a second."], ["try_again"]),
    "PreUseCheckFailed": ([[ID]], ["choose_room", "complete_work_order", "inspect_bar"]),
    "NotFitToPerform": ([], ["choose_therapist"]),
}


def says_what_to_do(problem: dict[str, Any]) -> list[str]:
    """The actions of a problem, each known and each with a person's words."""
    assert len(problem["detail"].split()) > 5, problem
    actions = [item["action"] for item in problem["next"]]
    assert actions and set(actions) <= ACTIONS, problem
    return actions


def refusals_in_code() -> Iterator[tuple[str, ast.Call]]:
    """Every `Refused(…)` written out in this service."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@pytest.mark.parametrize("name", sorted(NAMED))
def test_each_named_refusal_says_what_to_do_next(name: str) -> None:
    arguments, actions = NAMED[name]
    error = getattr(errors, name)(*arguments)
    assert says_what_to_do({"detail": error.detail, **error.extra}) == actions


def test_no_named_refusal_is_missing_above() -> None:
    classes = {name for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, Refused)}
    assert classes - {"Refused"} == set(NAMED)


def test_no_refusal_is_written_without_its_next_step() -> None:
    without = [where for where, call in refusals_in_code() if not any(k.arg == "next" for k in call.keywords)]
    assert without == []


@pytest.mark.parametrize("code", [*SCREENING_STEP, "a_code_of_tomorrow"])
def test_what_screening_refuses_says_what_to_do_next(code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_screening(Answer(200, {"allowed_to_start": False, "code": code}))
    assert says_what_to_do({"detail": refused.value.detail, **refused.value.extra})


async def walk_in(spa: Spa, starts_at: datetime, **changed: Any) -> dict[str, Any]:
    body = {
        "appointment_id": str(new_id()), "branch_id": str(spa.branch_id), "treatment_id": str(spa.bar_treatment),
        "therapist_id": str(spa.therapist_id), "starts_at": starts_at.isoformat(),
    }  # fmt: skip
    answer = await spa.http.post("/v1/assignments", json=body | changed)
    assert answer.status_code == 409, answer.text
    problem: dict[str, Any] = answer.json()
    says_what_to_do(problem)
    return problem


async def test_a_room_not_certified_says_which_bar_until_when_it_is_cleared_and_which_other_room(spa: Spa) -> None:
    room, bar = await spa.cleared_room(code="A")
    last = (datetime.now(UTC) + timedelta(days=30)).date()
    end = (await spa.inspect(bar, valid_until=last.isoformat())).json()["certificate"]["ends_at"]
    other, _ = await spa.cleared_room(code="B")
    await spa.cleared_room(100, code="too-weak")
    problem = await walk_in(spa, datetime.fromisoformat(end) - timedelta(minutes=30), room_id=str(room))
    assert problem["code"] == "room_not_certified"
    assert problem["gap"]["reason"] == "lapsed" and problem["gap"]["bar_ids"] == [str(bar)]
    assert datetime.fromisoformat(problem["cleared_until"]) == datetime.fromisoformat(end)
    assert problem["gap"]["ends_at"] is None  # nobody has inspected it yet, so nobody knows
    assert problem["next"] == [
        {"action": "inspect_bar", "kind": "periodic", "bar_ids": [str(bar)]},
        {"action": "choose_room", "room_ids": [str(other)]},
        {"action": "choose_time"},
    ]


@pytest.mark.parametrize(
    ("state", "reason", "actions"),
    [
        ("bare", "no_bar", ["mount_bar", "inspect_bar"]),
        ("uninspected", "never_inspected", ["inspect_bar"]),
        ("failed", "failed", ["complete_work_order", "inspect_bar"]),
        ("locked_out", "locked_out", ["complete_work_order", "inspect_bar"]),
        ("lapsed", "lapsed", ["inspect_bar"]),
        ("closed", "out_of_service", ["put_into_service", "remove_bar"]),
        ("two_required", "too_few_bars", ["mount_bar", "inspect_bar", "lower_bars_required"]),
    ],
)
async def test_each_reason_names_the_inspection_that_is_missing_and_what_comes_before_it(
    spa: Spa, state: str, reason: str, actions: list[str]
) -> None:
    room = await spa.room(bars_required=2 if state == "two_required" else 1)
    bar = await spa.bar(room) if state != "bare" else None
    if bar is not None and state != "uninspected":
        await spa.installed(bar, performed_at=soon(-220 if state == "lapsed" else 0, -1).isoformat())
    if state == "failed":
        (await spa.inspect(bar, "fail")).raise_for_status()  # type: ignore[arg-type]
    if state == "locked_out":
        (await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})).raise_for_status()
    if state == "closed":
        body, head = {"in_service": False}, {"If-Match": "*"}
        (await spa.http.patch(f"/v1/bars/{bar}", json=body, headers=head)).raise_for_status()
    problem = await walk_in(spa, soon(1), room_id=str(room))
    assert (problem["code"], problem["gap"]["reason"]) == ("room_not_certified", reason)
    assert problem["gap"]["bar_ids"] == ([str(bar)] if bar and state != "two_required" else [])
    assert says_what_to_do(problem) == [*actions, "choose_time"]
    if "complete_work_order" in actions:
        orders = (await spa.http.get(f"/v1/work-orders?bar_id={bar}")).json()["items"]
        assert problem["next"][0]["work_order_ids"] == [order["id"] for order in orders]
    anywhere = await walk_in(spa, soon(1))
    assert anywhere["code"] == "no_certified_room"
    assert [gap["reason"] for gap in anywhere["gaps"]] == [reason]


async def test_what_is_taken_says_until_when_and_what_is_too_weak_says_for_whom_not_how_much(spa: Spa) -> None:
    room, _ = await spa.cleared_room(130)
    await spa.book(soon(1), room_id=room)
    taken = await walk_in(spa, soon(1), room_id=str(room))
    assert taken["code"] == "slot_taken"
    assert datetime.fromisoformat(taken["next"][0]["not_before"]) == soon(1) + timedelta(minutes=75)
    assert says_what_to_do(await walk_in(spa, soon(1))) == ["choose_time"]  # no_room_available
    heavy = await spa.therapist(67.7)
    weak = await walk_in(spa, soon(3), therapist_id=str(heavy))
    assert weak["code"] == "load_rating_exceeded" and says_what_to_do(weak) == ["choose_therapist", "choose_time"]
    unmeasured = await spa.therapist(None)
    without = await walk_in(spa, soon(3), therapist_id=str(unmeasured))
    assert without["next"][0] == {"action": "record_load_profile", "therapist_id": str(unmeasured)}
    for problem in (weak, without, taken):
        assert not any(number in str(problem) for number in ("67.7", "135.4", "130", "120.0"))


async def test_the_gate_too_names_the_gap_and_the_other_room(door: Door) -> None:
    spa = door.spa
    other, _ = await spa.cleared_room()
    await spa.as_superuser(
        "UPDATE load_profiles SET valid_until = $2 WHERE therapist_id = $1", door.therapist, soon(-3).date()
    )
    stale = await door.refused("load_profile_required")
    assert says_what_to_do(stale)[0] == "record_load_profile"
    await spa.measured(door.therapist, 60)
    until = datetime.now(UTC) + timedelta(minutes=30)
    for table, column, span in (
        ("room_clearances", "valid_during", "tstzrange(lower(valid_during), $2)"),
        ("room_gaps", "during", "tstzrange($2, NULL)"),
    ):
        await spa.as_superuser(
            f"UPDATE {table} SET {column} = {span} WHERE room_id = $1"
            f" AND coalesce(upper({column}), 'infinity') > now()",
            door.room, until,
        )  # fmt: skip
    problem = await door.refused("room_not_certified")
    assert datetime.fromisoformat(problem["cleared_until"]) == until
    assert {"action": "choose_room", "room_ids": [str(other)]} in problem["next"]


async def test_what_is_refused_of_names_and_orders_says_what_to_do_too(spa: Spa) -> None:
    room, bar = await spa.cleared_room(code="A")
    (await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})).raise_for_status()
    await spa.repaired(bar)
    order = (await spa.http.get(f"/v1/work-orders?bar_id={bar}")).json()["items"][0]["id"]
    serial = (await spa.http.get(f"/v1/bars/{bar}")).json()["serial"]
    again = await spa.http.post(f"/v1/work-orders/{order}/complete", json={"completed_by": "Finn Fitter"})
    code = await spa.http.post("/v1/rooms", json={"branch_id": str(spa.branch_id), "code": "A"})
    named = await spa.http.post("/v1/bars", json={"room_id": str(room), "serial": serial, "rated_load_kg": 300})
    for answer, first in ((again, "inspect_bar"), (code, "use_another_name"), (named, "use_another_name")):
        assert answer.status_code == 409 and says_what_to_do(answer.json())[0] == first
