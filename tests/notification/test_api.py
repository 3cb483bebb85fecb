"""`/v1/messages` and `/v1/preferences`: only what lies in the token's branches, and never an address."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.notification.app import SERVICE
from shared.events.scheduling import ClientChanged, ClientErased, ClientRegistered
from shared.kit.testing import TokenMint, client, running
from tests.notification.conftest import Notification

MINT = TokenMint()
READ, WRITE = ("notification:read",), ("notification:read", "notification:write")


@pytest.fixture
async def http(
    notification: Notification, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    for name, value in MINT.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    async with running(SERVICE) as app, client(app) as http:
        yield http


async def listed(http: httpx.AsyncClient, headers: dict[str, str], **params: Any) -> list[dict[str, Any]]:
    answer = await http.get("/v1/messages", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_message_is_listed_with_its_state_and_a_masked_address(
    http: httpx.AsyncClient, notification: Notification
) -> None:
    event = notification.confirmed()
    await notification.hear(event)
    (queued,) = await listed(http, MINT.bearer(*READ))
    assert (queued["state"], queued["sent_to"]) == ("queued", None)

    await notification.turn()
    (sent,) = await listed(http, MINT.bearer(*READ))
    assert (sent["state"], sent["attempts"], sent["sent_to"], sent["locale"]) == ("sent", 1, "a…@e….org", "en")
    assert sent["appointment_id"] == str(event.appointment_id)
    shown = await http.get(f"/v1/messages/{sent['id']}", headers=MINT.bearer(*READ))
    assert shown.json() == sent


async def test_messages_are_filtered_and_paged_newest_first(
    http: httpx.AsyncClient, notification: Notification
) -> None:
    first, second = notification.displaced(moved=False), notification.confirmed()
    await notification.hear(first)
    await notification.hear(second)
    headers = MINT.bearer(*READ)
    templates = [item["template"] for item in await listed(http, headers)]
    assert templates[0] == "confirmed"
    assert sorted(templates[1:]) == ["attention", "needs-change"]  # of one event: made in the same millisecond
    for filters, expected in (
        ({"template": "attention"}, ["attention"]),
        ({"branch_id": str(second.branch_id)}, ["confirmed"]),
        ({"appointment_id": str(first.appointment_id)}, templates[1:]),
        ({"client_id": str(second.client_id)}, ["confirmed"]),
        ({"state": "sent"}, []),
    ):
        assert [item["template"] for item in await listed(http, headers, **filters)] == expected

    page = (await http.get("/v1/messages", headers=headers, params={"limit": 2})).json()
    rest = await listed(http, headers, cursor=page["next_cursor"])
    assert [item["template"] for item in [*page["items"], *rest]] == templates


@pytest.mark.parametrize(
    "query",
    ["state=lost", "branch_id=1", "limit=0", "limit=9999", "cursor=x", "cursor=MQ", "template=x", "cursor=Ilx1ZDgwMCI"],
)
async def test_a_bad_query_is_422(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.get(f"/v1/messages?{query}", headers=MINT.bearer(*READ))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_messages_of_another_branch_are_not_there(http: httpx.AsyncClient, notification: Notification) -> None:
    event = notification.confirmed()
    await notification.hear(event)
    (mine,) = await listed(http, MINT.bearer(*READ, branches=[event.branch_id]))
    other = MINT.bearer(*READ, branches=[uuid4()])
    assert await listed(http, other) == []
    assert await listed(http, other, branch_id=str(event.branch_id)) == []
    answer = await http.get(f"/v1/messages/{mine['id']}", headers=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_message")


async def test_reading_needs_its_scope(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/messages")).status_code == 401
    assert (await http.get("/v1/messages", headers=MINT.bearer("scheduling:read"))).status_code == 403
    answer = await http.patch(f"/v1/preferences/{uuid4()}", headers=MINT.bearer(*READ), json={"channels": []})
    assert answer.status_code == 403


async def registered(notification: Notification, branch: UUID | None = None, version: int = 1) -> UUID:
    client_id = notification.scheduling.client()
    branches = [branch or uuid4()]
    await notification.hear(ClientRegistered(client_id=client_id, version=version, branch_ids=branches))
    return client_id


async def test_a_client_who_wants_no_mail_gets_none_not_even_what_was_waiting(
    http: httpx.AsyncClient, notification: Notification
) -> None:
    client_id = await registered(notification)
    await notification.hear(notification.confirmed(client_id=client_id))
    path, headers = f"/v1/preferences/{client_id}", MINT.bearer(*WRITE)
    shown = await http.get(path, headers=headers)
    assert shown.json() == {"client_id": str(client_id), "channels": ["email"]}

    changed = await http.patch(path, headers=headers | {"If-Match": shown.headers["etag"]}, json={"channels": []})
    assert changed.json()["channels"] == []
    assert changed.headers["etag"] != shown.headers["etag"]
    await notification.turn()
    assert await notification.states() == {"confirmed to client": "dropped not_wanted"}


async def test_preferences_are_changed_from_the_version_that_was_read(
    http: httpx.AsyncClient, notification: Notification
) -> None:
    path, headers = f"/v1/preferences/{await registered(notification)}", MINT.bearer(*WRITE)
    assert (await http.patch(path, headers=headers, json={"channels": []})).status_code == 428
    first = headers | {"If-Match": '"0"'}
    assert (await http.patch(path, headers=first, json={"channels": []})).status_code == 200
    assert (await http.patch(path, headers=first, json={"channels": ["email"]})).status_code == 412
    bad = await http.patch(path, headers=headers | {"If-Match": '"1"'}, json={"channels": ["pigeon"]})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/channels/0")


async def test_a_client_of_another_branch_or_nobody_has_no_preferences(
    http: httpx.AsyncClient, notification: Notification
) -> None:
    branch = uuid4()
    client_id = await registered(notification, branch)
    for id, branches in ((client_id, [uuid4()]), (uuid4(), [branch]), (uuid4(), ["*"])):
        answer = await http.get(f"/v1/preferences/{id}", headers=MINT.bearer(*READ, branches=branches))
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_client")
    assert (
        await http.get(f"/v1/preferences/{client_id}", headers=MINT.bearer(*READ, branches=[branch]))
    ).status_code == 200


async def test_an_erased_client_is_written_to_no_more_and_nothing_of_their_address_stays(
    http: httpx.AsyncClient, notification: Notification
) -> None:
    client_id = await registered(notification)
    await notification.hear(notification.confirmed(client_id=client_id))
    await notification.turn()
    late = notification.displaced(moved=True, client_id=client_id)
    await notification.hear(late)
    await notification.hear(ClientErased(client_id=client_id, version=2))
    await notification.turn()
    assert await notification.states() == {"confirmed to client": "sent", "moved to client": "dropped client_erased"}
    assert {row.sent_to for row in await notification.rows()} == {None}
    proof = await http.get(f"/v1/erasures/{client_id}", headers=MINT.bearer(*READ))
    assert proof.json().keys() == {"client_id", "erased_at"}
    assert str(client_id) in (await http.get("/v1/erasures?limit=200", headers=MINT.bearer(*READ))).text
    assert (await http.get(f"/v1/clients/{client_id}/export", headers=MINT.bearer(*READ))).status_code == 404

    await notification.hear(late)
    assert len(await notification.rows()) == 2, "an event that is handled late queues nothing for them"
    await notification.hear(ClientChanged(client_id=client_id, version=3, branch_ids=[uuid4()]))
    answer = await http.get(f"/v1/preferences/{client_id}", headers=MINT.bearer(*READ))
    assert answer.status_code == 404


async def test_an_older_version_of_a_client_changes_nothing(
    http: httpx.AsyncClient, notification: Notification
) -> None:
    branch = uuid4()
    client_id = await registered(notification, branch, version=5)
    await notification.hear(ClientChanged(client_id=client_id, version=4, branch_ids=[uuid4()]))
    answer = await http.get(f"/v1/preferences/{client_id}", headers=MINT.bearer(*READ, branches=[branch]))
    assert answer.status_code == 200


async def test_an_export_holds_what_was_written_to_the_client_and_is_audited(
    http: httpx.AsyncClient, notification: Notification
) -> None:
    branch = uuid4()
    client_id = await registered(notification, branch)
    await notification.hear(notification.confirmed(client_id=client_id, branch_id=branch))
    await notification.turn()
    path = f"/v1/clients/{client_id}/export?reason=asked"
    assert (await http.get(path, headers=MINT.bearer(*READ, branches=[uuid4()]))).status_code == 404
    answer = await http.get(path, headers=MINT.bearer(*READ, branches=[branch]))
    assert answer.status_code == 200
    (message,) = answer.json()["messages"]
    assert (message["template"], message["client_id"]) == ("confirmed", str(client_id))
    audit = await http.get(f"/v1/audit?subject_id={client_id}", headers=MINT.bearer("ops:read"))
    assert [(line["action"], line["reason"]) for line in audit.json()["items"]] == [("exported", "asked")]
