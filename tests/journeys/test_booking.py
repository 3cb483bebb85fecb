"""A session is booked across four services, and the client hears of it."""

from datetime import timedelta

from tests.journeys.chain import Chain, at
from tests.journeys.desk import new_key
from tests.journeys.mailbox import mails_to
from tests.journeys.system import Whole, until


async def test_a_back_stepping_session_is_confirmed_with_a_room_and_a_therapist(chain: Chain) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    assert booked["room_id"] == spa.rooms[0]["id"]
    assert booked["therapist_id"] == spa.therapists[0]["id"]
    assert await spa.look(booked["id"]) == booked | {"version": booked["version"]}
    found = await chain.desk.get("room_equipment", "/v1/assignments", branch_id=spa.branch["id"])
    assert [row["appointment_id"] for row in found["items"]] == [booked["id"]]


async def test_the_client_gets_one_mail_that_tells_the_time_of_the_branch(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa(timezone="America/New_York")
    booked = await spa.book(at(3, 15))
    mail = (await mails_to(whole, spa.client["email"]))[0]
    assert booked["starts_at_local"][11:16] in mail["text"]
    assert "Lindenhof" in mail["text"]
    messages = await chain.desk.get("notification", "/v1/messages", appointment_id=booked["id"])
    assert [(row["template"], row["recipient"]) for row in messages["items"]] == [("confirmed", "client")]


async def test_a_post_that_does_not_wait_is_pending_and_confirmed_soon_after(chain: Chain) -> None:
    spa = await chain.spa()
    answer = await spa.ask(wait=0)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/appointments/{answer.json()['id']}"
    assert int(answer.headers["retry-after"]) >= 1

    async def confirmed() -> bool:
        return bool((await spa.look(answer.json()["id"]))["status"] == "confirmed")

    await until(confirmed, "the pending appointment is confirmed")


async def test_a_repeated_post_books_once_and_answers_the_present_state(chain: Chain) -> None:
    spa = await chain.spa()
    key = new_key()
    first = await chain.desk.post("scheduling", "/v1/appointments", spa.wish(), key=key)
    again = await chain.desk.post("scheduling", "/v1/appointments", spa.wish(), key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = await chain.desk.post("scheduling", "/v1/appointments", spa.wish(at(4)), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_cancelled_session_gives_its_room_and_therapist_back(chain: Chain, whole: Whole) -> None:
    spa = await chain.spa()
    booked = await spa.book()
    await mails_to(whole, spa.client["email"])
    answer = await chain.desk.post("scheduling", f"/v1/appointments/{booked['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")

    async def released() -> bool:
        found = await chain.desk.get("room_equipment", "/v1/assignments", branch_id=spa.branch["id"])
        return not found["items"]

    await until(released, "the room is released")
    again = await spa.book()
    assert again["room_id"] == booked["room_id"]
    mails = await mails_to(whole, spa.client["email"], 3)
    assert len({mail["message_id"] for mail in mails}) == 3


async def test_sessions_follow_each_other_with_the_turnover_between_them(chain: Chain) -> None:
    spa = await chain.spa(therapists=2)
    await spa.book(at(2, 10))
    too_soon = await spa.ask(at(2, 10) + timedelta(minutes=74))
    assert (too_soon.status_code, too_soon.json()["code"]) == (409, "no_room_available")
    await spa.book(at(2, 10) + timedelta(minutes=75))


async def test_a_slot_that_availability_offers_can_be_booked(chain: Chain) -> None:
    spa = await chain.spa()

    async def offered() -> list[dict[str, str]]:
        found = await chain.desk.get(
            "scheduling", "/v1/availability", treatment_id=spa.treatment["id"], branch_id=spa.branch["id"],
            **{"from": at(2, 8).isoformat(), "to": at(2, 20).isoformat()},
        )  # fmt: skip
        slots: list[dict[str, str]] = found["slots"]
        return slots

    slot = (await until(offered, "a slot is offered"))[0]
    assert slot["therapist_ids"] == [spa.therapists[0]["id"]]
    assert slot["rooms_free"] == 1
    answer = await chain.desk.post("scheduling", "/v1/appointments", spa.wish() | {"starts_at": slot["starts_at"]})
    assert answer.status_code == 201, answer.text


async def test_an_unnamed_therapist_who_is_too_heavy_gives_way_to_the_next(chain: Chain) -> None:
    """Load 120 kg fits a bar of 150 kg, 160 kg does not; nobody asked for exactly her."""
    spa = await chain.spa(therapists=0, rooms=0)
    await chain.room(spa.branch, rated_load_kg=150)
    heavy = [await chain.therapist(spa.branch, mass_kg=80) for _ in range(3)]
    light = await chain.therapist(spa.branch, mass_kg=60)
    for day in range(2, 6):
        assert (await spa.book(at(day)))["therapist_id"] == light["id"]
    assert light["id"] not in [one["id"] for one in heavy]
