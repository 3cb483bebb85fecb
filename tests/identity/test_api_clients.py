"""`/v1/api-clients`: nobody hands out more than they hold, and a secret is said once."""

from uuid import uuid4

import asyncpg
import httpx
import jwt
import pytest

from tests.identity.conftest import Identity

PARTNER = {"name": "Partner", "scopes": ["scheduling:read", "scheduling:write"], "branches": ["*"]}


async def create(identity: Identity, headers: dict[str, str], **changes: object) -> httpx.Response:
    return await identity.http.post("/v1/api-clients", headers=headers, json=PARTNER | changes)


async def created(identity: Identity, **changes: object) -> dict[str, str]:
    answer = await create(identity, await identity.bearer(), **changes)
    assert answer.status_code == 201, answer.text
    body: dict[str, str] = answer.json()
    return body


async def test_a_new_client_gets_its_secret_once_and_can_ask_for_tokens_with_it(identity: Identity) -> None:
    client = await created(identity)
    token = await identity.ask(client["client_id"], client["client_secret"])
    assert token.json()["scope"] == "scheduling:read scheduling:write"

    headers = await identity.bearer()
    shown = await identity.http.get(f"/v1/api-clients/{client['client_id']}", headers=headers)
    listed = await identity.http.get("/v1/api-clients", headers=headers)
    assert shown.status_code == 200
    assert client["client_secret"] not in shown.text + listed.text


async def test_the_database_holds_no_secret(identity: Identity) -> None:
    client = await created(identity)
    connection = await asyncpg.connect(identity.database.admin_url)
    try:
        rows = await connection.fetch("SELECT c::text FROM api_clients c")
    finally:
        await connection.close()
    assert not any(client["client_secret"] in row[0] for row in rows)


async def test_an_idempotency_key_answers_the_same_secret_again_and_it_is_not_stored_in_the_clear(
    identity: Identity,
) -> None:
    headers = await identity.bearer() | {"Idempotency-Key": str(uuid4())}
    first = await create(identity, headers)
    again = await create(identity, headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()

    connection = await asyncpg.connect(identity.database.admin_url)
    try:
        stored = await connection.fetch("SELECT body FROM idempotency_keys")
    finally:
        await connection.close()
    assert stored
    assert not any(first.json()["client_secret"].encode() in row["body"] for row in stored)


async def test_clients_are_listed_page_by_page_in_the_order_they_were_made(identity: Identity) -> None:
    made = [(await created(identity, name=f"Listed {n}"))["client_id"] for n in range(3)]
    headers = await identity.bearer()
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await identity.http.get("/v1/api-clients", headers=headers, params=params)).json()
        seen += [item["client_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen[-3:] == made
    assert len(set(seen)) == len(seen)


async def test_rotating_ends_the_old_secret_at_once_or_after_the_overlap(identity: Identity) -> None:
    client = await created(identity)
    path, headers = f"/v1/api-clients/{client['client_id']}/rotate", await identity.bearer()

    overlapping = (await identity.http.post(path, headers=headers, json={"overlap_minutes": 30})).json()
    assert overlapping["previous_secret_until"]
    assert (await identity.ask(client["client_id"], client["client_secret"])).status_code == 200
    assert (await identity.ask(client["client_id"], overlapping["client_secret"])).status_code == 200

    last = (await identity.http.post(path, headers=headers)).json()
    assert (await identity.ask(client["client_id"], overlapping["client_secret"])).status_code == 401
    assert (await identity.ask(client["client_id"], last["client_secret"])).status_code == 200


async def test_a_revoked_client_gets_no_token_and_no_new_secret(identity: Identity) -> None:
    client = await created(identity)
    path, headers = f"/v1/api-clients/{client['client_id']}", await identity.bearer()
    revoked = await identity.http.post(f"{path}/revoke", headers=headers)
    assert revoked.json()["revoked_at"]
    assert (await identity.ask(client["client_id"], client["client_secret"])).status_code == 401
    assert (await identity.http.post(f"{path}/rotate", headers=headers)).json()["code"] == "client_revoked"
    assert (await identity.http.post(f"{path}/revoke", headers=headers)).json() == revoked.json()


async def test_managing_needs_the_scope(identity: Identity) -> None:
    client = await created(identity)
    headers = await identity.bearer(client["client_id"], client["client_secret"])
    answer = await create(identity, headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert (await identity.http.get("/v1/api-clients")).status_code == 401


async def manager(identity: Identity, branch: str) -> dict[str, str]:
    scopes = ["identity:manage", "scheduling:read"]
    client = await created(identity, name="Manager", scopes=scopes, branches=[branch])
    return await identity.bearer(client["client_id"], client["client_secret"])


async def test_a_manager_cannot_hand_out_scopes_or_branches_they_do_not_hold(identity: Identity) -> None:
    branch = str(uuid4())
    headers = await manager(identity, branch)
    fine = await create(identity, headers, scopes=["scheduling:read"], branches=[branch])
    assert fine.status_code == 201
    more = await create(identity, headers, scopes=["screening:answers"], branches=[branch])
    assert (more.status_code, more.json()["code"]) == (403, "scope_not_held")
    elsewhere = await create(identity, headers, scopes=["scheduling:read"], branches=[str(uuid4())])
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "branch_not_held")
    everywhere = await create(identity, headers, scopes=["scheduling:read"], branches=["*"])
    assert (everywhere.status_code, everywhere.json()["code"]) == (403, "branch_not_held")


async def test_a_manager_cannot_take_over_a_client_with_more_scopes_by_rotating_it(identity: Identity) -> None:
    branch = str(uuid4())
    headers = await manager(identity, branch)
    stronger = await created(identity, scopes=["screening:answers"], branches=[branch])
    answer = await identity.http.post(f"/v1/api-clients/{stronger['client_id']}/rotate", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_not_held")


async def test_clients_of_other_branches_are_not_there_for_a_manager_of_one(identity: Identity) -> None:
    branch = str(uuid4())
    headers = await manager(identity, branch)
    other = await created(identity, branches=[str(uuid4())])
    for call in ("", "/rotate", "/revoke"):
        path = f"/v1/api-clients/{other['client_id']}{call}"
        answer = await (identity.http.post if call else identity.http.get)(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_api_client")
    listed = (await identity.http.get("/v1/api-clients", headers=headers)).json()["items"]
    assert {tuple(item["branches"]) for item in listed} == {(branch,)}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scopes": ["rooms:own"]}, "/scopes"),
        ({"scopes": []}, "/scopes"),
        ({"branches": []}, "/branches"),
        ({"name": ""}, "/name"),
        ({"admin": True}, "/admin"),
        ({"therapist_id": "me"}, "/therapist_id"),
    ],
)
async def test_a_bad_body_is_422_and_says_where(identity: Identity, changes: dict[str, object], pointer: str) -> None:
    answer = await create(identity, await identity.bearer(), **changes)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_therapists_token_names_the_therapist(identity: Identity) -> None:
    therapist = str(uuid4())
    client = await created(identity, scopes=["rooms:operate"], therapist_id=therapist)
    assert client["therapist_id"] == therapist
    token = (await identity.ask(client["client_id"], client["client_secret"])).json()["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["therapist_id"] == therapist
