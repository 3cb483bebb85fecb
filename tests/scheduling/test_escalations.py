"""When nobody acts on a session that begins soon: it is the manager's, and that is said once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.handlers import clocks, escalations
from services.scheduling.settings import settings
from shared.kit.ids import new_id
from tests.scheduling.builders import Chain, Place, assigned, cleared, tomorrow, unavailable
from tests.scheduling.test_alternatives import lost, proposed, stood_down, take


async def begins_in(chain: Chain, booked: dict[str, Any], minutes: float) -> None:
    sql = ("UPDATE appointments SET starts_at = clock_timestamp() + :in, ends_at = clock_timestamp() + :in"
           " + interval '1 hour' WHERE id = :id")  # fmt: skip
    await chain.sql_all(sql, [{"in": timedelta(minutes=minutes), "id": UUID(booked["id"])}])


async def item(chain: Chain, place: Place) -> dict[str, Any]:
    [found] = (await chain.get("/v1/attention", branch_id=place.branch_id))["items"]
    one: dict[str, Any] = found
    return one


async def test_what_nobody_acted_on_is_the_managers_once_and_says_since_when(chain: Chain) -> None:
    place = await chain.place()
    booked = await lost(chain, place)
    await chain.run(escalations.escalate)
    before = await item(chain, place)
    assert (before["owner"], before["escalated_at"]) == ("branch", None)
    await begins_in(chain, booked, settings().escalate_minutes - 1)
    # As many processes as there are, and one that starts anew: the mark and the event are one commit.
    await asyncio.gather(*(chain.run(escalations.escalate) for _ in range(5)))
    await chain.run(escalations.escalate)
    after = await item(chain, place)
    assert after["owner"] == "manager"
    assert datetime.now(UTC) - datetime.fromisoformat(after["escalated_at"]) < timedelta(minutes=1)
    assert (await chain.announced(booked["id"])).count("escalated") == 1
    listed = await chain.get("/v1/attention", branch_id=place.branch_id, owner="manager")
    assert [one["id"] for one in listed["items"]] == [after["id"]]
    assert (await chain.get("/v1/attention", branch_id=place.branch_id, owner="branch"))["items"] == []
    await begins_in(chain, booked, -1)
    await chain.run(clocks.give_up_displaced)
    ended = await chain.get(f"/v1/appointments/{booked['id']}")
    assert (ended["status"], ended["cancel_reason"], ended["cancelled"]["late"]) == ("cancelled", "displaced", False)


async def test_a_session_without_its_therapist_is_the_managers_too(chain: Chain) -> None:
    place = await chain.place()
    booked = await stood_down(chain, place)
    await begins_in(chain, booked, 30)
    await chain.run(escalations.escalate)
    assert ((await item(chain, place))["kind"], (await item(chain, place))["owner"]) == ("therapist_needed", "manager")


async def test_what_is_being_seen_to_is_left_alone_and_taken_up_again_when_it_fails(chain: Chain) -> None:
    place = await chain.place()
    booked = await lost(chain, place)
    asked = await take(chain, booked, (await proposed(chain, booked))[1])
    kept = (
        "UPDATE appointments SET resume = jsonb_set(resume, '{starts_at}', to_jsonb(CAST(:at AS text))) WHERE id = :id"
    )
    soon = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    await chain.sql_all(kept, [{"id": UUID(booked["id"]), "at": soon}])
    await chain.run(escalations.escalate)
    assert (await item(chain, place))["owner"] == "branch"
    await chain.hear(cleared(asked), unavailable(asked, "no_room_available"))
    await chain.run(escalations.escalate)
    assert (await item(chain, place))["owner"] == "manager"


async def test_a_session_that_has_its_room_is_nobodys_to_see_to(chain: Chain) -> None:
    place = await chain.place()
    asked = await chain.request(place, tomorrow(10), notes=str(new_id()))
    await chain.hear(cleared(asked), assigned(asked, place.room_ids[0]))
    await begins_in(chain, asked, 5)
    await chain.run(escalations.escalate)
    assert "escalated" not in await chain.announced(asked["id"])
