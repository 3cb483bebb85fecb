"""Inspections over HTTP: what a pass gives, what is refused, and what ends a lock-out."""

from datetime import UTC, datetime, timedelta

from tests.room_equipment.spa import Spa, soon


async def test_a_new_bar_clears_nothing_until_its_installation_inspection_passes(spa: Spa) -> None:
    room = await spa.room()
    assert (await spa.clearance(room))["gaps"][0]["reason"] == "no_bar"
    bar = await spa.bar(room)
    assert (await spa.clearance(room))["gaps"][0]["reason"] == "never_inspected"
    recorded = await spa.installed(bar)
    assert recorded["certificate"]["valid_until"] and recorded["lockout"] is None
    found = await spa.clearance(room)
    assert [period["max_load_kg"] for period in found["periods"]] == [300]
    assert found["periods"][0]["inspection_ids"] == [recorded["id"]]


async def test_an_installation_needs_a_load_test_of_the_rated_load(spa: Spa) -> None:
    bar = await spa.bar(await spa.room(), 250)
    for load in (None, 249.9):
        answer = await spa.inspect(bar, kind="installation", load_test_kg=load)
        assert answer.status_code == 422
        assert answer.json()["code"] == "load_test_required"
        assert answer.json()["errors"][0]["pointer"] == "/load_test_kg"


async def test_a_periodic_pass_does_not_stand_in_for_an_installation(spa: Spa) -> None:
    answer = await spa.inspect(await spa.bar(await spa.room()))
    assert (answer.status_code, answer.json()["code"]) == (409, "installation_required")


async def test_an_inspection_from_before_a_move_says_nothing_of_the_new_mounting(spa: Spa) -> None:
    """Inspected in one room, then moved, then written down: it must not certify the bar where nobody looked at it."""
    before, between = ((datetime.now(UTC) - timedelta(hours=hours)).isoformat() for hours in (2, 1))
    _, bar = await spa.cleared_room(performed_at=before)
    other = await spa.room()
    moved = await spa.http.patch(f"/v1/bars/{bar}", json={"room_id": str(other)}, headers={"If-Match": '"1"'})
    assert moved.status_code == 200, moved.text
    answer = await spa.inspect(bar, kind="installation", load_test_kg=300, performed_at=between)
    assert (answer.status_code, answer.json()["code"]) == (409, "inspection_before_change")
    assert (await spa.clearance(other))["periods"] == []
    await spa.installed(bar)
    assert len((await spa.clearance(other))["periods"]) == 1


async def test_a_failed_item_forbids_a_pass(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    answer = await spa.inspect(bar, checklist=[{"item": "cracks", "result": "fail"}])
    assert (answer.status_code, answer.json()["code"]) == (422, "failed_item")


async def test_a_pass_with_conditions_needs_them_and_a_deadline(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    today = datetime.now(UTC).date()
    bare = await spa.inspect(bar, "pass_with_conditions")
    assert bare.json()["code"] == "conditions_required"
    endless = await spa.inspect(bar, "pass_with_conditions", conditions="tighten monthly")
    assert endless.json()["code"] == "valid_until_required"
    good = await spa.inspect(
        bar, "pass_with_conditions", conditions="tighten", valid_until=(today + timedelta(days=30)).isoformat()
    )
    assert good.status_code == 201


async def test_a_credential_that_had_expired_that_day_is_refused(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    inspector = {"name": "I", "organisation": "O", "credential": "C-1", "credential_valid_until": "2020-01-01"}
    answer = await spa.inspect(bar, inspector=inspector)
    assert (answer.status_code, answer.json()["code"]) == (422, "credential_expired")


async def test_history_is_neither_rewritten_nor_written_ahead(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    ahead = await spa.inspect(bar, performed_at=soon(1).isoformat())
    assert ahead.json()["code"] == "performed_in_the_future"
    behind = await spa.inspect(bar, performed_at=soon(-1).isoformat())
    assert behind.json()["code"] == "older_than_latest"


async def test_a_certificate_is_at_most_six_months(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    answer = await spa.inspect(bar, valid_until=(datetime.now(UTC).date() + timedelta(days=200)).isoformat())
    assert (answer.status_code, answer.json()["code"]) == (422, "valid_until_too_late")


async def test_an_old_inspection_recorded_now_leaves_the_room_lapsed(spa: Spa) -> None:
    room = await spa.room()
    bar = await spa.bar(room)
    await spa.installed(bar, performed_at=soon(-220).isoformat())
    found = await spa.clearance(room)
    assert found["periods"] == [] and found["gaps"][0]["reason"] == "lapsed"


async def test_a_failed_inspection_locks_out_and_says_so(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    answer = await spa.inspect(bar, "fail")
    body = answer.json()
    assert answer.status_code == 201 and body["certificate"] is None
    assert body["lockout"]["cause"] == "inspection" and body["lockout"]["work_order_id"]
    assert (await spa.clearance(room))["gaps"][0]["reason"] == "failed"
    kinds = [event["type"].split(".")[3] for event in await spa.announced(key=room)]
    assert kinds[-3:] == ["inspection-failed", "locked-out", "clearance-changed"]


async def test_a_release_needs_the_repair_and_another_person(spa: Spa) -> None:
    room, bar = await spa.cleared_room()
    await spa.inspect(bar, "fail")
    early = await spa.inspect(bar)
    assert (early.status_code, early.json()["code"]) == (409, "work_order_open")
    assert early.json()["work_order_ids"]
    await spa.repaired(bar, subject="fitter", credential="FIT-7")
    same_person = await spa.inspect(bar, credential="fit 7")
    assert same_person.json()["code"] == "inspector_is_repairer"
    same_sign_in = await spa.inspect(bar, subject="fitter", credential="OTHER-1")
    assert same_sign_in.json()["code"] == "inspector_is_repairer"
    released = await spa.inspect(bar)
    assert released.status_code == 201, released.text
    assert (await spa.clearance(room))["periods"]
    assert (await spa.http.get(f"/v1/bars/{bar}/lockouts")).json()["items"][0]["released_by"] == released.json()["id"]


async def test_an_inspection_from_before_the_lockout_releases_nothing(spa: Spa) -> None:
    room, bar = await spa.cleared_room(performed_at=soon(-3).isoformat())
    await spa.http.post(f"/v1/bars/{bar}/lockouts", json={"reason": "bent"})
    await spa.repaired(bar)
    answer = await spa.inspect(bar, performed_at=soon(-2).isoformat())
    assert (answer.status_code, answer.json()["code"]) == (409, "inspection_before_lockout")
    assert (await spa.clearance(room))["gaps"][0]["reason"] == "locked_out"


async def test_the_repairer_may_still_record_a_failure(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    await spa.inspect(bar, "fail")
    await spa.repaired(bar, subject="fitter", credential="FIT-7")
    answer = await spa.inspect(bar, "fail", subject="fitter", credential="FIT-7")
    assert answer.status_code == 201 and answer.json()["lockout"]["work_order_id"]
    again = await spa.inspect(bar)
    assert again.json()["code"] == "work_order_open"


async def test_history_is_listed_newest_first_page_by_page(spa: Spa) -> None:
    _, bar = await spa.cleared_room()
    for _ in range(3):
        assert (await spa.inspect(bar)).status_code == 201
    first = (await spa.http.get(f"/v1/bars/{bar}/inspections?limit=3")).json()
    second = (await spa.http.get(f"/v1/bars/{bar}/inspections?limit=3&cursor={first['next_cursor']}")).json()
    assert [item["sequence"] for item in first["items"] + second["items"]] == [4, 3, 2, 1]
    assert second["next_cursor"] is None
