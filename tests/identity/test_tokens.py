"""`POST /oauth/token`: who gets a token, what is in it, and how a refusal looks (RFC 6749, RFC 9068)."""

import base64
import time

import asyncpg
import httpx
import jwt
import pytest

from tests.identity.conftest import ADMIN, ADMIN_SECRET, Identity


async def claims_of(identity: Identity, token: str) -> dict[str, object]:
    keys = jwt.PyJWKSet.from_dict((await identity.http.get("/.well-known/jwks.json")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]].key
    claims: dict[str, object] = jwt.decode(token, key, ["ES256"], audience="caibei", issuer=identity.url)
    return claims


async def test_good_credentials_get_an_access_token_that_verifies_with_the_published_key(identity: Identity) -> None:
    answer = await identity.ask(ADMIN, ADMIN_SECRET)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] <= 600
    claims = await claims_of(identity, body["access_token"])
    assert claims["client_id"] == claims["sub"] == ADMIN
    assert claims["branches"] == ["*"]
    assert set(str(claims["scope"]).split()) == set(body["scope"].split())
    assert 0 < int(str(claims["exp"])) - time.time() <= 600
    assert claims["jti"]


async def test_basic_authentication_works_as_the_form_does(identity: Identity) -> None:
    answer = await identity.http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(ADMIN, ADMIN_SECRET)
    )
    assert answer.status_code == 200


async def test_a_token_can_be_asked_for_with_fewer_scopes(identity: Identity) -> None:
    answer = await identity.ask(ADMIN, ADMIN_SECRET, scope="rooms:read scheduling:read")
    assert answer.json()["scope"] == "rooms:read scheduling:read"


async def test_two_tokens_are_never_the_same(identity: Identity) -> None:
    one, two = [(await identity.ask(ADMIN, ADMIN_SECRET)).json()["access_token"] for _ in range(2)]
    assert one != two


async def test_a_wrong_secret_and_an_unknown_client_look_the_same(identity: Identity) -> None:
    wrong = await identity.ask(ADMIN, "x" * 43)
    unknown = await identity.ask("nobody", "x" * 43)
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["error"] == "invalid_client"
    await identity.ask(ADMIN, ADMIN_SECRET)


async def test_a_refused_basic_authentication_says_which_scheme_to_use(identity: Identity) -> None:
    answer = await identity.http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=("basic-guesser", "y" * 43)
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"", FORM, "invalid_request"),
        (b"grant_type=password&client_id=a&client_secret=b", FORM, "unsupported_grant_type"),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM, "invalid_request"),
        (b"grant_type=client_credentials&client_id=%ff&client_secret=b", FORM, "invalid_request"),
        (b"grant_type=client_credentials\xff", FORM, "invalid_request"),
        (b'{"grant_type": "client_credentials"}', "application/json", "invalid_request"),
        (b"&".join(b"a%d=1" % n for n in range(50)), FORM, "invalid_request"),
    ],
)
async def test_a_malformed_request_is_400_with_its_oauth_error(
    identity: Identity, body: bytes, content_type: str, error: str
) -> None:
    answer = await identity.http.post("/oauth/token", content=body, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert answer.json()["error"] == error


@pytest.mark.parametrize("client_id", ["", "a\0b", "x" * 500, "a\nb", "\udce9".encode("utf-8", "surrogatepass").hex()])
async def test_an_id_that_cannot_be_anyones_is_refused_before_the_database(identity: Identity, client_id: str) -> None:
    answer = await identity.ask(client_id, "z" * 43)
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


async def test_a_header_that_is_not_basic_is_refused(identity: Identity) -> None:
    for header in ("Bearer abc", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode()):
        answer = await identity.http.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": header}
        )
        assert answer.status_code == 401


async def test_authenticating_twice_is_refused(identity: Identity) -> None:
    form = {"grant_type": "client_credentials", "client_id": ADMIN, "client_secret": ADMIN_SECRET}
    answer = await identity.http.post("/oauth/token", data=form, auth=(ADMIN, ADMIN_SECRET))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_scope_the_client_does_not_hold_is_invalid_scope(identity: Identity) -> None:
    answer = await identity.ask(ADMIN, ADMIN_SECRET, scope="scheduling:read world:rule")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def guess(identity: Identity, client_id: str, times: int) -> list[httpx.Response]:
    return [await identity.ask(client_id, "g" * 43) for _ in range(times)]


async def test_a_guesser_has_to_wait_and_a_known_client_id_waits_like_an_unknown_one(identity: Identity) -> None:
    headers = await identity.bearer()
    made = await identity.http.post(
        "/v1/api-clients", headers=headers, json={"name": "Target", "scopes": ["rooms:read"], "branches": ["*"]}
    )
    target, secret = made.json()["client_id"], made.json()["client_secret"]

    for client_id in (target, "not-a-client"):
        answers = await guess(identity, client_id, 6)
        assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 429, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1

    assert (await identity.ask(target, secret)).status_code == 429
    await let_time_pass(identity)
    assert (await identity.ask(target, secret)).status_code == 200
    assert [answer.status_code for answer in await guess(identity, target, 2)] == [401, 401]


async def let_time_pass(identity: Identity) -> None:
    """The waits are over: every counted failure moves a minute into the past."""
    connection = await asyncpg.connect(identity.database.admin_url)
    try:
        await connection.execute("UPDATE failed_proofs SET last_failed_at = last_failed_at - interval '1 minute'")
    finally:
        await connection.close()


async def test_refused_tokens_are_in_the_audit_log_without_what_was_sent(identity: Identity) -> None:
    await identity.ask("somebody-guessing", "canary-secret-" + "q" * 30)
    answer = await identity.http.get("/v1/audit", headers=await identity.bearer(), params={"subject_id": "unknown"})
    assert answer.json()["items"][0]["action"] == "token refused"
    connection = await asyncpg.connect(identity.database.admin_url)
    try:
        rows = await connection.fetch("SELECT a::text FROM audit_log a UNION ALL SELECT f::text FROM failed_proofs f")
    finally:
        await connection.close()
    assert not any("canary" in row[0] or "somebody" in row[0] for row in rows)


async def test_the_discovery_document_leads_to_the_keys_and_the_token_endpoint(identity: Identity) -> None:
    document = (await identity.http.get("/.well-known/openid-configuration")).json()
    assert document["issuer"] == identity.url
    assert document == (await identity.http.get("/.well-known/oauth-authorization-server")).json()
    assert (await identity.http.get(document["jwks_uri"])).json()["keys"][0]["kty"] == "EC"
    answer = await identity.http.post(
        document["token_endpoint"], data={"grant_type": "client_credentials"}, auth=(ADMIN, ADMIN_SECRET)
    )
    assert answer.status_code == 200
