"""A planned series is booked: nothing doubled, whatever dies; all dates or none, if wished; and given up again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.scheduling.handlers import plans, series, together
from shared.events.codes import Refusal
from shared.kit import failpoints
from tests.scheduling.builders import Chain, Place, assigned, blocked, cleared, iso, tomorrow
from tests.scheduling.test_groups import claims
from tests.scheduling.test_series import NOW, codes, local, planned, rule


async def booked(chain: Chain, place: Place, count: int = 4, **more: Any) -> dict[str, Any]:
    """Asked for, date by date, and both services said yes to whatever was."""
    body = rule(place, local(), f"FREQ=DAILY;COUNT={count}", **more)
    found = await chain.post("/v1/series", body, 202, **NOW)
    await say_yes(chain, place, found)
    return await looked_at(chain, found)


async def looked_at(chain: Chain, found: dict[str, Any]) -> dict[str, Any]:
    now: dict[str, Any] = await chain.get(f"/v1/series/{found['id']}")
    return now


async def asked(chain: Chain, found: dict[str, Any]) -> list[dict[str, Any]]:
    ids = [date["appointment_id"] for date in found["dates"] if date["appointment_id"]]
    return [await chain.get(f"/v1/appointments/{id}") for id in ids]


async def say_yes(chain: Chain, place: Place, found: dict[str, Any]) -> None:
    pending = [one for one in await asked(chain, found) if one["status"] == "pending"]
    await chain.hear(*(event for one in pending for event in (cleared(one), assigned(one, place.room_ids[0]))))


def statuses(found: dict[str, Any]) -> list[str]:
    return [date["status"] for date in found["dates"]]


async def test_what_can_be_had_is_booked_and_the_rest_is_told_date_by_date(chain: Chain) -> None:
    place = await chain.place()
    taken = await chain.confirmed(place, tomorrow(10, days=2))
    plan = await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=4"))
    assert codes(plan) == [None, "therapist_unavailable", None, None]
    await chain.post(f"/v1/appointments/{taken['id']}/cancel", {}, 200)  # free again since it was planned
    await chain.confirmed(place, tomorrow(10, days=3))
    path = f"/v1/series/{plan['id']}/confirm"
    found = await chain.post(path, {}, 202, **NOW)
    assert (found["state"], statuses(found)) == ("booking", ["pending", "pending", "rejected", "pending"])
    one, two, _, three = await asked(chain, found)
    await chain.hear(blocked(three, Refusal.SCREENING_REQUIRED))
    await say_yes(chain, place, found)
    found = await looked_at(chain, found)
    assert (found["state"], statuses(found)) == ("booked", ["confirmed", "confirmed", "rejected", "rejected"])
    assert codes(found) == [None, None, "therapist_unavailable", "screening_required"]
    assert found["counts"] == {"confirmed": 2, "rejected": 2}
    assert [one["starts_at_local"], two["starts_at_local"]] == [d["starts_at_local"] for d in found["dates"][:2]]
    assert (await chain.post(path, {}, 409))["code"] == "series_not_planned"


async def test_a_repeated_request_is_one_series(chain: Chain) -> None:
    place = await chain.place()
    body, headers = rule(place, local(), "FREQ=DAILY;COUNT=3"), {"Idempotency-Key": "a course", **NOW}
    first = await chain.post("/v1/series", body, 202, **headers)
    again = await chain.post("/v1/series", body, 202, **headers)
    assert again["id"] == first["id"]
    assert len((await chain.get("/v1/appointments", client_id=place.client_id))["items"]) == 3


async def test_a_crash_between_two_dates_is_gone_on_with_and_nothing_is_doubled(chain: Chain) -> None:
    place = await chain.place()
    plan = await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=5"))
    failpoints.arm("series.after_date:3:error")
    try:
        answer = await chain.http.post(f"/v1/series/{plan['id']}/confirm", json={}, headers=NOW)
        assert answer.status_code == 500
    finally:
        failpoints.arm("")
    found = await looked_at(chain, plan)
    assert (found["state"], statuses(found)) == ("booking", ["pending"] * 2 + ["planned"] * 3)
    await chain.sql_all("UPDATE series SET updated_at = updated_at - interval '1 minute' WHERE id = :id",
                        [{"id": UUID(plan["id"])}])  # fmt: skip
    await chain.run(series.go_on)
    await chain.run(series.go_on)
    found = await looked_at(chain, plan)
    assert statuses(found) == ["pending"] * 5
    await say_yes(chain, place, found)
    assert ((await looked_at(chain, plan))["state"], await claims(chain, place)) == ("booked", 5)
    assert len((await chain.get("/v1/appointments", client_id=place.client_id))["items"]) == 5


async def test_all_dates_or_none_confirms_all_at_once(chain: Chain) -> None:
    place = await chain.place()
    found = await chain.post(
        "/v1/series", rule(place, local(), "FREQ=WEEKLY;COUNT=4", on_conflict="refuse_all"), 202, **NOW
    )
    *most, last = await asked(chain, found)
    await chain.hear(*(event for one in most for event in (cleared(one), assigned(one, place.room_ids[0]))))
    assert statuses(await looked_at(chain, found)) == ["pending"] * 4
    await chain.hear(cleared(last), assigned(last, place.room_ids[0]))
    found = await looked_at(chain, found)
    assert (found["state"], statuses(found)) == ("booked", ["confirmed"] * 4)
    for one in most:
        assert await chain.announced(one["id"]) == ["requested", "confirmed"]


@pytest.mark.parametrize("by", ["our own rules", "screening", "silence"])
async def test_all_dates_or_none_leaves_nothing_when_one_fails(chain: Chain, by: str) -> None:
    place = await chain.place()
    kept = 0
    if by == "our own rules":
        await chain.confirmed(place, tomorrow(10, days=3))
        kept = 1
    plan = await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=4"))
    status = 201 if by == "our own rules" else 202
    found = await chain.post(f"/v1/series/{plan['id']}/confirm", {"on_conflict": "refuse_all"}, status, **NOW)
    third = (await asked(chain, found))[2]
    if by == "screening":
        await say_yes_to(chain, place, (await asked(chain, found))[:2])
        await chain.hear(blocked(third, Refusal.SCREENING_DEFERRED))
    elif by == "silence":
        await say_yes_to(chain, place, [one for one in await asked(chain, found) if one["id"] != third["id"]])
        late = "UPDATE outbox SET published_at = clock_timestamp() - interval '1 hour' WHERE aggregateid = :id"
        await chain.sql_all(late, [{"id": third["id"]}])
        await chain.run(together.give_up)
    found = await looked_at(chain, found)
    code = {"our own rules": "therapist_unavailable", "screening": "screening_deferred", "silence": "timed_out"}[by]
    assert (found["state"], statuses(found)) == ("refused", ["rejected"] * 4)
    assert codes(found) == ["not_all_possible", "not_all_possible", code, "not_all_possible"]
    assert await claims(chain, place) == kept
    assert {tuple(await chain.announced(one["id"])) for one in await asked(chain, found)} <= {
        ("rejected",), ("requested", "rejected")
    }  # fmt: skip


async def say_yes_to(chain: Chain, place: Place, some: list[dict[str, Any]]) -> None:
    await chain.hear(*(event for one in some for event in (cleared(one), assigned(one, place.room_ids[0]))))


async def test_a_date_that_does_not_exist_is_skipped_or_refuses_all(chain: Chain) -> None:
    from tests.scheduling.test_local_time import next_change

    at, _ = next_change("Europe/Berlin", gap=True)
    place = await chain.place(timezone="Europe/Berlin")
    body = rule(place, at - timedelta(days=1), "FREQ=DAILY;COUNT=3")
    whole = await chain.post("/v1/series", body | {"on_conflict": "refuse_all"}, 201, **NOW)
    assert (whole["state"], statuses(whole)) == ("refused", ["dropped", "skipped", "dropped"])
    some = await chain.post("/v1/series", body, 202, **NOW)
    assert statuses(some) == ["pending", "skipped", "pending"]
    assert codes(some)[1] == "nonexistent_local_time"


async def test_a_moved_date_is_detached_and_cancelling_the_rest_leaves_it(chain: Chain) -> None:
    place = await chain.place()
    body = {"branch_id": place.branch_id, "free_until_minutes": 2880, "fee": {"amount": 900, "currency": "EUR"}}
    assert (await chain.http.put("/v1/cancellation-policies", json=body)).status_code == 200
    found = await booked(chain, place, 5)
    moved = found["dates"][3]
    to = {"starts_at": iso(tomorrow(15, days=4))}
    asking = await chain.post(f"/v1/appointments/{moved['appointment_id']}/reschedule", to, 202, **NOW)
    await chain.hear(cleared(asking), assigned(asking, place.room_ids[0], 2))
    found = await looked_at(chain, found)
    assert [date["detached"] for date in found["dates"]] == [False, False, False, True, False]
    from_ = found["dates"][1]["starts_at_local"][:10]
    found = await chain.post(f"/v1/series/{found['id']}/cancel", {"from_date": from_, "code": "travel"}, 200)
    assert statuses(found) == ["confirmed", "cancelled", "cancelled", "confirmed", "cancelled"]
    late = [one["cancelled"] and one["cancelled"]["late"] for one in await asked(chain, found)]
    assert late == [None, True, False, None, False]  # free until two days before, date by date
    assert await claims(chain, place) == 2
    assert (await chain.post(f"/v1/series/{found['id']}/cancel", {"from_date": from_}, 409))["code"] == (
        "nothing_to_cancel"
    )
    found = await chain.post(f"/v1/series/{found['id']}/cancel", {}, 200)
    assert statuses(found)[0] == "cancelled"
    assert (await chain.get(f"/v1/appointments/{moved['appointment_id']}"))["status"] == "confirmed"


async def test_a_plan_is_given_up_or_forgotten_and_books_nothing(chain: Chain) -> None:
    place = await chain.place()
    plan = await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=2"))
    gone = await chain.post(f"/v1/series/{plan['id']}/cancel", {}, 200)
    assert (gone["state"], statuses(gone)) == ("cancelled", ["dropped"] * 2)
    assert (await chain.post(f"/v1/series/{plan['id']}/confirm", {}, 409))["code"] == "series_not_planned"
    plan = await planned(chain, rule(place, local(), "FREQ=DAILY;COUNT=2"))
    await chain.sql_all("UPDATE series SET created_at = created_at - interval '25 hours' WHERE id = :id",
                        [{"id": UUID(plan["id"])}])  # fmt: skip
    assert await chain.run(plans.forget) >= 1
    await chain.get(f"/v1/series/{plan['id']}", 404)


async def test_an_erased_clients_series_stops_and_is_in_their_export_before(chain: Chain) -> None:
    place = await chain.place()
    found = await booked(chain, place, 2)
    plan = await planned(chain, rule(place, local(15), "FREQ=DAILY;COUNT=2"))
    kept = await chain.get(f"/v1/clients/{place.client_id}/export")
    assert [each["id"] for each in kept["series"]] == [found["id"], plan["id"]]
    assert (await chain.http.delete(f"/v1/clients/{place.client_id}")).status_code == 204
    assert statuses(await looked_at(chain, found)) == ["cancelled"] * 2
    stopped = await chain.post(f"/v1/series/{plan['id']}/confirm", {}, 201, **NOW)
    assert (statuses(stopped), codes(stopped)) == (["skipped"] * 2, ["unknown_client"] * 2)
    assert await claims(chain, place) == 0


async def test_cancelling_the_rest_touches_no_date_before_it_whatever_is_being_moved(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    found = await booked(chain, place, on_conflict="refuse_all")
    assert statuses(found) == ["confirmed"] * 4
    _, early, _, last = await asked(chain, found)
    other = next(id for id in place.therapist_ids if id != last["therapist_id"])
    for one, to in (
        (early, {"starts_at": iso(tomorrow(15, days=2))}),
        (last, {"starts_at": last["starts_at"], "therapist_id": other}),
    ):
        await chain.post(f"/v1/appointments/{one['id']}/reschedule", to, 202, **NOW)
    from_ = found["dates"][2]["starts_at_local"][:10]
    found = await chain.post(f"/v1/series/{found['id']}/cancel", {"from_date": from_}, 200)
    assert statuses(found) == ["confirmed", "pending", "cancelled", "cancelled"]


_DEADLOCK = """
CREATE SEQUENCE third_date;
CREATE FUNCTION third_date() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF nextval('third_date') = 3 THEN
        RAISE EXCEPTION 'as if chosen to end a deadlock' USING ERRCODE = '40P01';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER third_date BEFORE INSERT ON appointments FOR EACH ROW EXECUTE FUNCTION third_date();
"""


async def test_what_the_database_undoes_midway_is_gone_on_with_and_begins_no_second_series(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    admin = await asyncpg.connect(chain.servers.admin_url)
    await admin.execute(_DEADLOCK)
    try:
        found = await chain.post("/v1/series", rule(place, local(), "FREQ=DAILY;COUNT=4"), 202, **NOW)
    finally:
        await admin.execute("DROP FUNCTION third_date CASCADE; DROP SEQUENCE third_date")
        await admin.close()
    assert statuses(found) == ["pending", "pending", "planned", "planned"]
    assert len((await chain.get("/v1/series", client_id=place.client_id))["items"]) == 1
    await chain.sql_all("UPDATE series SET updated_at = updated_at - interval '1 minute' WHERE id = :id",
                        [{"id": UUID(found["id"])}])  # fmt: skip
    await chain.run(series.go_on)
    assert statuses(await looked_at(chain, found)) == ["pending"] * 4
    assert len((await chain.get("/v1/appointments", client_id=place.client_id))["items"]) == 4
