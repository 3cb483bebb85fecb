"""A new slot for an appointment: the old one is kept until the new one is certain."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.scheduling.handlers.clocks import time_out
from shared.events.codes import Refusal
from shared.kit.database import Transaction
from tests.scheduling.builders import Chain, Place, assigned, blocked, cleared, iso, tomorrow, unavailable


async def asked_to_move(chain: Chain, booked: dict[str, Any], **body: Any) -> dict[str, Any]:
    """The pending appointment at its new slot."""
    answer = await chain.post(f"/v1/appointments/{booked['id']}/reschedule", body, 202, Prefer="wait=0")
    assert answer["status"] == "pending"
    found: dict[str, Any] = answer
    return found


async def look(chain: Chain, booked: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await chain.get(f"/v1/appointments/{booked['id']}")
    return found


async def claims(chain: Chain, booked: dict[str, Any]) -> list[Any]:
    """When its therapist's time is taken for it."""
    rows = await chain.sql(
        "SELECT lower(during) AS at FROM therapist_claims WHERE appointment_id = :id ORDER BY 1", id=UUID(booked["id"])
    )
    return [row.at for row in rows]


def slot(appointment: dict[str, Any]) -> list[Any]:
    return [appointment[name] for name in ("status", "branch_id", "therapist_id", "room_id", "starts_at", "ends_at")]


async def test_screening_is_asked_first_then_the_room_and_then_it_is_moved(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    assert await claims(chain, booked) == [tomorrow(10), tomorrow(12)]
    assert await chain.announced(booked["id"]) == ["requested", "confirmed", "reschedule-requested"]
    await chain.hear(cleared(asked))
    assert (await chain.announced(booked["id"]))[-1] == "move-requested"
    await chain.hear(assigned(asked, place.room_ids[0], 2))
    now = await look(chain, booked)
    assert (now["status"], now["starts_at"], now["room_id"]) == ("confirmed", iso(tomorrow(12)), place.room_ids[0])
    assert await claims(chain, booked) == [tomorrow(12)]
    assert (await chain.announced(booked["id"]))[-1] == "rescheduled"
    await chain.request(place, tomorrow(10))


async def test_a_move_over_its_own_time_works(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10), therapist_id=place.therapist_ids[0])
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(10, 15)))
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 2))
    assert (await look(chain, booked))["starts_at"] == iso(tomorrow(10, 15))


async def test_a_refused_move_leaves_everything_as_it_was(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    booked = await chain.confirmed(place, tomorrow(10), therapist_id=place.therapist_ids[0])
    for say in (
        lambda asked: [blocked(asked, Refusal.CLEARANCE_EXPIRES_BEFORE_SESSION)],
        lambda asked: [cleared(asked), unavailable(asked, Refusal.NO_CERTIFIED_ROOM)],
    ):
        asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)), therapist_id=place.therapist_ids[1])
        await chain.hear(*say(asked))
        now = await look(chain, booked)
        assert slot(now) == slot(booked)
        assert now["code"] in (Refusal.CLEARANCE_EXPIRES_BEFORE_SESSION, Refusal.NO_CERTIFIED_ROOM)
        assert await claims(chain, booked) == [tomorrow(10)]
        assert (await chain.announced(booked["id"]))[-1] == "reschedule-refused"


async def test_whoever_waits_hears_the_refusal_with_free_slots(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    headers = {"Prefer": "wait=0", "Idempotency-Key": "refused-move"}
    path, body = f"/v1/appointments/{booked['id']}/reschedule", {"starts_at": iso(tomorrow(12))}
    asked = (await chain.http.post(path, json=body, headers=headers)).json()
    await chain.hear(cleared(asked), unavailable(asked, Refusal.NO_ROOM_AVAILABLE))
    again = await chain.http.post(path, json=body, headers=headers)
    said = again.json()
    assert (again.status_code, said["code"], said["appointment_id"]) == (409, "no_room_available", booked["id"])
    assert said["alternatives"] and "stays as it was" in said["detail"]


async def test_our_own_rules_refuse_at_once_and_store_nothing(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    await chain.confirmed(place, tomorrow(14))
    answer = await chain.http.post(
        f"/v1/appointments/{booked['id']}/reschedule", json={"starts_at": iso(tomorrow(14, 30))}
    )
    said = answer.json()
    assert (answer.status_code, said["code"]) == (409, "therapist_unavailable")
    assert said["alternatives"] and said["appointment_id"] == booked["id"]
    assert await look(chain, booked) == booked
    assert await claims(chain, booked) == [tomorrow(10)]


async def test_who_was_to_give_it_gives_it_unless_she_cannot(chain: Chain) -> None:
    place = await chain.place(therapists=3, rooms=3)
    booked = await chain.confirmed(place, tomorrow(10))
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    assert asked["therapist_id"] == booked["therapist_id"]
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0], 2))
    await chain.request(place, tomorrow(16), therapist_id=booked["therapist_id"])
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(16)))
    assert asked["therapist_id"] != booked["therapist_id"]


async def test_an_unnamed_therapist_too_heavy_for_the_bars_is_followed_by_the_next(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    booked = await chain.confirmed(place, tomorrow(10))
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await chain.hear(cleared(asked), unavailable(asked, Refusal.LOAD_RATING_EXCEEDED))
    second = await look(chain, booked)
    assert (second["status"], second["attempt"]) == ("pending", asked["attempt"] + 1)
    assert second["therapist_id"] != asked["therapist_id"]
    assert await claims(chain, booked) == [tomorrow(10), tomorrow(12)]
    await chain.hear(cleared(second), unavailable(second, Refusal.LOAD_RATING_EXCEEDED))
    assert slot(await look(chain, booked)) == slot(booked)
    assert await claims(chain, booked) == [tomorrow(10)]


async def test_to_another_branch_it_takes_that_branchs_clock(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    away = await chain.branch("Asia/Shanghai")
    room = await chain.room(away)
    await chain.therapist(away)
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(4)), branch_id=away)
    assert (asked["timezone"], asked["starts_at_local"][11:16]) == ("Asia/Shanghai", "12:00")
    await chain.hear(cleared(asked), unavailable(asked, Refusal.NO_CERTIFIED_ROOM))
    back = await look(chain, booked)
    assert (slot(back), back["timezone"], back["starts_at_local"]) == (
        slot(booked),
        "Etc/UTC",
        booked["starts_at_local"],
    )
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(4)), branch_id=away)
    await chain.hear(cleared(asked), assigned(asked, room, 2))
    assert (await look(chain, booked))["branch_id"] == away


async def test_silence_from_screening_times_out_but_never_silence_from_the_room(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(10))
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await published_long_ago(chain, booked)
    await chain.run(time_out)
    now = await look(chain, booked)
    assert (slot(now), now["code"]) == (slot(booked), "timed_out")
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await chain.hear(cleared(asked))
    await published_long_ago(chain, booked)
    await chain.run(time_out)
    assert (await look(chain, booked))["status"] == "pending"
    await chain.hear(assigned(asked, place.room_ids[0], 2))
    assert (await look(chain, booked))["starts_at"] == iso(tomorrow(12))


async def published_long_ago(chain: Chain, booked: dict[str, Any]) -> None:
    async def mark(tx: Transaction) -> None:
        await tx.run(
            "UPDATE outbox SET published_at = clock_timestamp() - interval '31 seconds' WHERE aggregateid = :id",
            {"id": booked["id"]},
        )

    await chain.run(mark)


async def test_a_move_to_the_slot_it_has_is_nothing_to_do(chain: Chain) -> None:
    booked = await chain.confirmed(await chain.place(), tomorrow(10))
    path = f"/v1/appointments/{booked['id']}/reschedule"
    answer = await chain.http.post(path, json={"starts_at": iso(tomorrow(10))})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/starts_at")
    stale = await chain.http.post(path, json={"starts_at": iso(tomorrow(11))}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


async def test_a_named_room_stays_named_until_somebody_says_otherwise(chain: Chain) -> None:
    place: Place = await chain.place(rooms=2)
    booked = await chain.confirmed(place, tomorrow(10), room_id=place.room_ids[0])
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12)))
    await chain.hear(cleared(asked))
    [said] = await chain.sql(
        "SELECT CAST(payload AS text) AS text FROM outbox WHERE aggregateid = :id ORDER BY seq DESC LIMIT 1",
        id=booked["id"],
    )
    assert place.room_ids[0] in said.text
    await chain.hear(assigned(asked, place.room_ids[0], 2))
    asked = await asked_to_move(chain, booked, starts_at=iso(tomorrow(12) + timedelta(hours=1)), room_id=None)
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[1], 3))
    assert (await look(chain, booked))["room_id"] == place.room_ids[1]
