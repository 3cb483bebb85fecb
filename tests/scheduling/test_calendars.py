"""A session in a calendar: the same entry through its whole life, and a therapist's private feed."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from icalendar import Calendar

from services.scheduling.settings import settings
from shared.kit import logging
from tests.scheduling.builders import Chain, assigned, cleared, iso, tomorrow

HEALTH = ("back", "stepping", "massage", "health", "screening", "Wang", "wang@")


async def entry(chain: Chain, id: str, **params: str) -> tuple[Calendar, Any, httpx.Response]:
    answer = await chain.http.get(f"/v1/appointments/{id}.ics", params=params)
    assert answer.status_code == 200, answer.text
    calendar = Calendar.from_ical(answer.content)
    [event] = calendar.events
    return calendar, event, answer


async def feed_of(chain: Chain, therapist: str) -> str:
    made = await chain.post(f"/v1/therapists/{therapist}/calendar-feed", {})
    return str(httpx.URL(made["url"]).path)


async def test_an_entry_is_the_same_through_booking_move_and_cancel_and_its_sequence_rises(chain: Chain) -> None:
    place = await chain.place(
        timezone="Europe/Berlin", name="Mitte", address="Invalidenstr. 1; Berlin", phone="+49 30 1"
    )  # fmt: skip
    asked = await chain.request(place, tomorrow(10))
    _, event, _ = await entry(chain, asked["id"])
    assert (event["STATUS"], event["UID"]) == ("TENTATIVE", asked["id"])
    sequences = [event["SEQUENCE"]]
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    calendar, event, answer = await entry(chain, asked["id"])
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert (calendar["METHOD"], event["STATUS"], event.start) == ("PUBLISH", "CONFIRMED", tomorrow(10))
    assert event.start.tzinfo.key == "Europe/Berlin"
    assert (event["SUMMARY"], event["LOCATION"]) == ("Appointment: Mitte", "Mitte, Invalidenstr. 1; Berlin")
    assert "+49 30 1" in event["DESCRIPTION"]
    assert not [word for word in HEALTH if word in answer.text]
    sequences.append(event["SEQUENCE"])
    moving = await chain.post(
        f"/v1/appointments/{asked['id']}/reschedule", {"starts_at": iso(tomorrow(14))}, 202, Prefer="wait=0"
    )  # fmt: skip
    _, event, _ = await entry(chain, asked["id"])
    assert (event.start, event["STATUS"]) == (tomorrow(10), "CONFIRMED"), "the old slot holds until the new one does"
    await chain.hear(cleared(moving))
    await chain.hear(assigned(moving, place.room_ids[0], 2))
    _, event, _ = await entry(chain, asked["id"])
    assert event.start == tomorrow(14)
    sequences.append(event["SEQUENCE"])
    await chain.post(f"/v1/appointments/{asked['id']}/cancel", {}, 200)
    calendar, event, answer = await entry(chain, asked["id"], method="request")
    assert (calendar["METHOD"], event["STATUS"], event["UID"]) == ("CANCEL", "CANCELLED", asked["id"])
    assert answer.headers["content-type"].endswith("method=CANCEL")
    assert sequences == sorted({*sequences})
    assert event["SEQUENCE"] > sequences[-1]


async def test_the_client_is_named_in_the_mails_entry_alone_and_in_their_language(chain: Chain) -> None:
    place = await chain.place(name="Mitte", contact_email="mitte@example.com", locale="de")
    await chain.http.patch(f"/v1/clients/{place.client_id}", json={"locale": "zh-Hans"}, headers={"If-Match": '"1"'})
    id = (await chain.confirmed(place, tomorrow(10)))["id"]
    calendar, event, _ = await entry(chain, id, method="request")
    assert (calendar["METHOD"], event["SUMMARY"]) == ("REQUEST", "预约：Mitte")
    assert (event["ORGANIZER"], event["ATTENDEE"]) == ("mailto:mitte@example.com", "mailto:wang@example.test")
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert "ATTENDEE" not in (await entry(chain, id))[1]
    assert (await chain.http.get(f"/v1/appointments/{id}.ics", params={"method": "x"})).status_code == 422
    elsewhere = chain.mint.bearer("scheduling:read", branches=[await chain.branch()])
    hidden = await chain.http.get(f"/v1/appointments/{id}.ics", headers=elsewhere)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")


async def test_a_feed_opens_without_a_token_shows_no_client_and_says_when_nothing_changed(chain: Chain) -> None:
    place = await chain.place(name="Mitte", timezone="Asia/Shanghai")
    kept = await chain.confirmed(place, tomorrow(10), notes="a slipped disc")
    gone = await chain.confirmed(place, tomorrow(12))
    await chain.post(f"/v1/appointments/{gone['id']}/cancel", {}, 200)
    path = await feed_of(chain, place.therapist_ids[0])
    async with httpx.AsyncClient(transport=chain.http._transport, base_url=chain.http.base_url) as stranger:
        answer = await stranger.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")
        calendar = Calendar.from_ical(answer.content)
        found = {event["UID"]: event for event in calendar.events}
        assert {id: event["STATUS"] for id, event in found.items()} == {
            kept["id"]: "CONFIRMED",
            gone["id"]: "CANCELLED",
        }
        assert str(found[kept["id"]]["SUMMARY"]).startswith("Back-stepping · R")
        assert "METHOD" not in calendar
        assert not [word for word in ("Wang", "wang@", place.client_id, "disc") if word in answer.text]
        etag = {"If-None-Match": answer.headers["etag"]}
        assert (await stranger.get(path, headers=etag)).status_code == 304
        await chain.confirmed(place, tomorrow(15))
        assert len(Calendar.from_ical((await stranger.get(path, headers=etag)).content).events) == 3
    assert (await chain.get(f"/v1/therapists/{place.therapist_ids[0]}/calendar-feed"))["last_read_at"]


async def test_a_feed_begins_30_days_ago_and_what_was_never_certain_is_not_in_it(chain: Chain) -> None:
    place = await chain.place()
    old, older = [await chain.confirmed(place, tomorrow(hour)) for hour in (8, 10)]
    for session, days in ((old, 29), (older, 32)):
        await chain.sql(
            "WITH moved AS (UPDATE appointments SET starts_at = starts_at - make_interval(days => CAST(:days AS int)),"
            " ends_at = ends_at - make_interval(days => CAST(:days AS int)) WHERE id = :id RETURNING 1)"
            " SELECT * FROM moved", id=UUID(session["id"]), days=days,
        )  # fmt: skip
    await chain.request(place, tomorrow(12))
    answer = await chain.http.get(await feed_of(chain, place.therapist_ids[0]))
    assert [event["UID"] for event in Calendar.from_ical(answer.content).events] == [old["id"]]


async def test_a_renewed_or_revoked_feed_opens_nothing_and_its_secret_is_kept_nowhere(
    chain: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.configure("scheduling")
    therapist = (await chain.place()).therapist_ids[0]
    first = await chain.post(f"/v1/therapists/{therapist}/calendar-feed", {}, 201, **{"Idempotency-Key": "feed-1"})
    again = await chain.post(f"/v1/therapists/{therapist}/calendar-feed", {}, 201, **{"Idempotency-Key": "feed-1"})
    assert again == first | {"url": None}, "a repeat makes no new one, and cannot say the old one again"
    path = httpx.URL(first["url"]).path
    assert (await chain.http.get(path)).status_code == 200
    renewed = await feed_of(chain, therapist)
    assert (await chain.http.get(path)).status_code == 404
    assert (await chain.http.get(renewed)).status_code == 200
    secrets = [each.removeprefix("/v1/calendar-feeds/").removesuffix(".ics") for each in (path, renewed)]
    for table in ("calendar_feeds", "audit_log", "idempotency_keys"):
        rows = str([dict(row._mapping) for row in await chain.sql(f"SELECT * FROM {table}")])
        assert not [secret for secret in secrets if secret in rows], table
    assert (await chain.http.delete(f"/v1/therapists/{therapist}/calendar-feed")).status_code == 204
    gone = await chain.http.get(renewed)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert (await chain.http.get("/v1/calendar-feeds/short.ics")).status_code == 422
    actions = await chain.sql("SELECT action FROM audit_log WHERE subject_id = :id ORDER BY id", id=therapist)
    assert [row.action for row in actions] == ["renewed_calendar_feed"] * 2 + ["revoked_calendar_feed"]
    printed = capsys.readouterr().out
    assert not [secret for secret in secrets if secret in printed]


async def test_a_feed_is_made_by_its_therapist_or_by_who_sees_every_branch_of_hers(chain: Chain) -> None:
    here, there = await chain.branch(), await chain.branch()
    therapist = await chain.therapist(here, there, shift=False)
    path = f"/v1/therapists/{therapist}/calendar-feed"

    async def make(*scopes: str, **claims: Any) -> tuple[int, str]:
        answer = await chain.http.post(path, json={}, headers=chain.mint.bearer(*scopes, **claims))
        return answer.status_code, answer.json().get("code", "")

    both = ("scheduling:read", "scheduling:write")
    assert await make(*both, branches=[here]) == (403, "all_branches_needed")
    assert await make("scheduling:read") == (403, "insufficient_scope")
    assert await make(*both, branches=[await chain.branch()]) == (404, "not_found")
    assert await make(*both, branches=[here, there]) == (201, "")
    assert await make("scheduling:read", branches=[here], therapist_id=therapist) == (201, "")


async def test_a_feed_read_too_often_is_told_to_wait_and_others_are_not(chain: Chain) -> None:
    place = await chain.place(therapists=2)
    busy, calm = [await feed_of(chain, therapist) for therapist in place.therapist_ids]
    answers = [await chain.http.get(busy) for _ in range(settings().calendar_feed_reads_per_minute + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {200}
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "rate_limited")
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (await chain.http.get(calm)).status_code == 200


async def test_the_price_of_a_session_is_that_of_its_booking_and_nobody_changes_it(chain: Chain) -> None:
    place = await chain.place()
    path = f"/v1/treatments/{place.treatment_id}"
    booked: dict[str, Any] = {}
    for version, amount in ((1, 8900), (2, 9900)):
        body = {"price": {"amount": amount, "currency": "EUR"}}
        assert (await chain.http.patch(path, json=body, headers={"If-Match": f'"{version}"'})).status_code == 200
        booked = booked or await chain.confirmed(place, tomorrow(10))
    first = {place.treatment_id: {"amount": 8900, "currency": "EUR"}}
    other = await chain.treatment()
    statement = "UPDATE appointments SET treatment_id = :treatment WHERE id = :id RETURNING prices"
    for treatment, prices in ((place.treatment_id, first), (other, first | {other: None}), (place.treatment_id, ...)):
        changed = f"WITH c AS ({statement}) SELECT * FROM c"
        [row] = await chain.sql(changed, treatment=UUID(treatment), id=UUID(booked["id"]))
        assert row.prices == (first | {other: None} if prices is ... else prices)
    with pytest.raises(Exception, match="price a session was booked at stays"):
        await chain.sql(
            "WITH c AS (UPDATE appointments SET prices = '{}' WHERE id = :id RETURNING 1) SELECT * FROM c",
            id=UUID(booked["id"]),
        )
