"""What a therapist finds at the door, of the bars and of herself, is kept whatever becomes of the start."""

from shared.kit.ids import new_id
from tests.room_equipment.door import Door


async def test_every_mounted_bar_is_checked_before_each_session(door: Door) -> None:
    body = await door.refused("pre_use_check_required", checks=[])
    assert body["bar_ids"] == [str(door.bar)]
    early = {"therapist_id": str(door.therapist), "appointment_id": str(door.session), "result": "pass", "note": ""}
    (await door.spa.http.post(f"/v1/bars/{door.bar}/pre-use-checks", json=early)).raise_for_status()
    assert (await door.start(checks=[])).status_code == 200  # looked at a moment ago, for this session


async def test_a_check_of_a_bar_elsewhere_is_a_mistake(door: Door) -> None:
    answer = await door.start(checks=[{"bar_id": str(new_id()), "result": "pass", "note": ""}])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/pre_use_checks/0/bar_id"


async def test_a_failed_check_is_committed_and_then_refused(door: Door) -> None:
    door.peers.away = {"scheduling", "screening"}  # nobody need be asked to lock a bar out
    spare, _ = await door.spa.cleared_room()
    body = await door.refused(
        "pre_use_check_failed", checks=[{"bar_id": str(door.bar), "result": "fail", "note": "creaks"}]
    )
    assert body["moved"] == [{"appointment_id": str(door.session), "room_id": str(spare)}]
    (lockout,) = (await door.spa.http.get(f"/v1/bars/{door.bar}/lockouts")).json()["items"]
    assert lockout["id"] in body["lockout_ids"] and lockout["cause"] == "pre_use_check"
    orders = (await door.spa.http.get(f"/v1/work-orders?bar_id={door.bar}")).json()["items"]
    assert [order["status"] for order in orders] == ["open"]
    assert (await door.spa.clearance(door.room))["gaps"][0]["reason"] == "locked_out"
    assert (await door.spa.assignment(door.session))["room_id"] == str(spare)


async def test_the_same_failed_start_sent_twice_locks_out_once(door: Door) -> None:
    http = door.spa.signed_in("rooms:operate")
    body = {
        "therapist_id": str(door.therapist), "fit_to_perform": True,
        "pre_use_checks": [{"bar_id": str(door.bar), "result": "fail", "note": ""}],
    }  # fmt: skip
    key = {"Idempotency-Key": str(new_id())}
    path = f"/v1/assignments/{door.session}/start"
    first, second = [await http.post(path, json=body, headers=key) for _ in range(2)]
    assert (first.status_code, second.status_code) == (409, 409)
    assert second.headers["idempotent-replayed"] == "true" and second.json() == first.json()
    assert len((await door.spa.http.get(f"/v1/bars/{door.bar}/lockouts")).json()["items"]) == 1


async def test_an_unfit_therapist_is_recorded_and_refused(door: Door) -> None:
    await door.refused("not_fit_to_perform", fit=False)
    (told,) = await door.spa.announced(kind="stood-down", key=door.session)
    assert told["therapist_id"] == str(door.therapist) and "fit" not in str(told)
    evidence = (await door.spa.http.get(f"/v1/assignments/{door.session}/evidence")).json()
    assert [statement["fit"] for statement in evidence["fitness"]] == [False]


async def test_a_check_from_this_morning_is_not_one_before_this_session(door: Door) -> None:
    said = {"therapist_id": str(door.therapist), "appointment_id": str(door.session), "result": "pass"}
    (await door.spa.http.post(f"/v1/bars/{door.bar}/pre-use-checks", json=said)).raise_for_status()
    await door.spa.as_superuser(
        "UPDATE pre_use_checks SET checked_at = checked_at - interval '61 minutes' WHERE bar_id = $1", door.bar
    )
    await door.refused("pre_use_check_required", checks=[])


async def test_a_failed_check_of_another_rooms_bar_is_taken_all_the_same(door: Door) -> None:
    other, bar = await door.spa.cleared_room()
    await door.refused("pre_use_check_failed", checks=[{"bar_id": str(bar), "result": "fail", "note": ""}])
    assert (await door.spa.clearance(other))["gaps"][0]["reason"] == "locked_out"
    assert (await door.spa.clearance(door.room))["periods"]


async def test_a_failed_check_while_the_session_runs_puts_it_at_risk(door: Door) -> None:
    assert (await door.start()).status_code == 200
    body = await door.refused(
        "pre_use_check_failed", checks=[{"bar_id": str(door.bar), "result": "fail", "note": "it moved"}]
    )
    assert body["at_risk"] == [str(door.session)]
    assert (await door.spa.assignment(door.session))["state"] == "at_risk"
