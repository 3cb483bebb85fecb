"""The proof of an erasure, and what scheduling hands out of a person's data."""

from typing import Any
from uuid import UUID

from shared.events import notification, room_equipment, screening
from shared.kit.ids import new_id
from shared.kit.testing import client
from tests.scheduling.builders import Chain, tomorrow
from tests.scheduling.test_groups import clients, wish, yes

FORGOTTEN = (
    screening.ClientForgottenByScreening,
    room_equipment.ClientForgottenByRooms,
    notification.ClientForgottenByNotification,
)


async def erased(chain: Chain) -> tuple[str, str]:
    """A client who was erased, and the branch."""
    branch = await chain.branch()
    id = await chain.client(branch)
    assert (await chain.http.delete(f"/v1/clients/{id}")).status_code == 204
    return id, branch


async def confirmed(chain: Chain, id: str) -> dict[str, bool]:
    shown = await chain.get(f"/v1/erasures/{id}")
    services = {each["service"]: each["confirmed_at"] is not None for each in shown["services"]}
    assert shown["complete"] is all(services.values())
    return services


async def test_an_erasure_is_complete_when_every_service_has_confirmed(chain: Chain) -> None:
    id, _ = await erased(chain)
    waiting = {"scheduling": True, "screening": False, "room-equipment": False, "notification": False}
    assert await confirmed(chain, id) == waiting
    for event in FORGOTTEN:
        await chain.hear(event(client_id=UUID(id)), event(client_id=UUID(id)))
        waiting[event.topic().removeprefix("caibei.")] = True
        assert await confirmed(chain, id) == waiting
    shown = await chain.get(f"/v1/erasures/{id}")
    assert shown.keys() == {"client_id", "erased_at", "complete", "services"}
    assert id in {row["client_id"] for row in (await chain.get("/v1/erasures", limit=200))["items"]}


async def test_a_confirmation_for_somebody_who_was_not_erased_counts_for_nothing(chain: Chain) -> None:
    branch = await chain.branch()
    id = await chain.client(branch)
    await chain.hear(*(event(client_id=UUID(id)) for event in FORGOTTEN), FORGOTTEN[0](client_id=new_id()))
    await chain.get(f"/v1/erasures/{id}", 404)
    await chain.http.delete(f"/v1/clients/{id}")
    assert not (await chain.get(f"/v1/erasures/{id}"))["complete"]


async def test_announced_again_every_service_confirms_anew(chain: Chain) -> None:
    id, _ = await erased(chain)
    await chain.hear(*(event(client_id=UUID(id)) for event in FORGOTTEN))
    again = await chain.post(f"/v1/erasures/{id}/announce", {}, 202)
    assert not again["complete"]
    said = await chain.sql("SELECT type FROM outbox WHERE aggregateid = :id ORDER BY seq", id=id)
    assert [row.type for row in said][-2:] == ["caibei.scheduling.client.erased.v1"] * 2
    await chain.post(f"/v1/erasures/{new_id()}/announce", {}, 404)


async def test_another_branchs_erasures_are_not_there(chain: Chain) -> None:
    id, branch = await erased(chain)
    app = chain.http._transport.app  # type: ignore[attr-defined]
    for branches, status in (([branch], 200), ([str(new_id())], 404)):
        async with client(app, chain.mint.bearer("scheduling:read", branches=branches)) as http:
            assert (await http.get(f"/v1/erasures/{id}")).status_code == status
            assert (id in (await http.get("/v1/erasures?limit=200")).text) is (status == 200)


async def test_words_about_what_needed_a_person_go_with_the_client(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow())
    await chain.sql(
        "INSERT INTO attention_items (appointment_id, branch_id, kind, reason, resolved_at, resolution)"
        " VALUES (:id, :branch, 'at_risk', 'failed', now(), 'CANARY rang back') RETURNING id",
        id=UUID(booked["id"]),
        branch=UUID(place.branch_id),
    )
    exported = await chain.get(f"/v1/clients/{place.client_id}/export")
    assert [item["resolution"] for item in exported["attention"]] == ["CANARY rang back"]
    await chain.http.delete(f"/v1/clients/{place.client_id}")
    rows = await chain.sql("SELECT resolution FROM attention_items WHERE appointment_id = :id", id=UUID(booked["id"]))
    assert {row.resolution for row in rows if row.resolution} == {"client erased"}


async def test_an_export_holds_the_client_and_every_appointment_and_is_audited(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow(), notes="no lavender")
    app = chain.http._transport.app  # type: ignore[attr-defined]
    body: dict[str, Any] = await chain.get(f"/v1/clients/{place.client_id}/export", reason="asked for")
    assert (body["client"]["name"], body["client"]["email"]) == ("Wang Fang", "wang@example.test")
    (appointment,) = body["appointments"]
    assert (appointment["id"], appointment["notes"]) == (booked["id"], "no lavender")
    assert [step["status"] for step in appointment["history"]] == ["pending", "confirmed"]
    async with client(app, chain.mint.bearer("ops:read")) as http:
        (line,) = (await http.get(f"/v1/audit?subject_id={place.client_id}")).json()["items"]
    assert (line["action"], line["reason"], line["branch_id"]) == ("exported", "asked for", place.branch_id)
    async with client(app, chain.mint.bearer("scheduling:read", branches=[new_id()])) as http:
        assert (await http.get(f"/v1/clients/{place.client_id}/export")).status_code == 404


async def test_no_kept_answer_says_what_was_written_of_one_of_a_group(chain: Chain) -> None:
    place = await chain.place(therapists=2, rooms=2)
    body = wish(place, tomorrow(10), await clients(chain, place, 2))
    for member in body["members"]:
        member["notes"] = "stiff-left-shoulder"
    group = await chain.post("/v1/groups", body, 202, Prefer="wait=0")
    await chain.hear(*yes(group, place))
    path, key = f"/v1/groups/{group['id']}/cancel", {"Idempotency-Key": "a couple"}
    first = await chain.post(path, {}, 200, **key)
    again = await chain.post(path, {}, 200, **key)
    assert [one["status"] for one in first["members"]] == ["cancelled"] * 2
    assert [one["version"] for one in again["members"]] == [one["version"] for one in first["members"]]
    assert first["members"][1]["notes"] == "stiff-left-shoulder"
    for member in body["members"]:
        assert (await chain.http.delete(f"/v1/clients/{member['client_id']}")).status_code == 204
    kept = "SELECT 1 FROM idempotency_keys WHERE position(convert_to('stiff-left-shoulder', 'UTF8') IN body) > 0"
    assert await chain.sql(kept) == []
