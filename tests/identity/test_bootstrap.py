"""The bootstrap file: loaded at every start, and a restart undoes nothing that was done since."""

from pathlib import Path

import pytest

from services.identity.bootstrap import UnusableBootstrapFile, read
from tests.conftest import MakeDatabase
from tests.identity.conftest import ADMIN, ADMIN_SECRET, bootstrap_file, running

SECRET = "service-secret-of-the-tests-0123456789"


def entry(**changes: object) -> dict[str, object]:
    return {"name": "S", "client_id": "svc", "client_secret": SECRET, "scopes": ["scheduling:read"]} | changes


async def test_a_restart_keeps_a_rotated_secret_and_a_revocation(database: MakeDatabase, tmp_path: Path) -> None:
    db = database("identity")
    bootstrap_file(tmp_path, entry(), entry(client_id="gone"))
    async with running(db, tmp_path) as identity:
        headers = await identity.bearer()
        rotated = (await identity.http.post("/v1/api-clients/svc/rotate", headers=headers)).json()["client_secret"]
        await identity.http.post("/v1/api-clients/gone/revoke", headers=headers)
    async with running(db, tmp_path) as identity:
        assert (await identity.ask("svc", SECRET)).status_code == 401
        assert (await identity.ask("svc", rotated)).status_code == 200
        assert (await identity.ask("gone", SECRET)).status_code == 401


async def test_a_changed_file_changes_scopes_and_secret(database: MakeDatabase, tmp_path: Path) -> None:
    db = database("identity")
    bootstrap_file(tmp_path, entry())
    async with running(db, tmp_path) as identity:
        assert (await identity.ask("svc", SECRET)).json()["scope"] == "scheduling:read"
    new = SECRET[::-1]
    bootstrap_file(tmp_path, entry(client_secret=new, scopes=["rooms:read"]))
    async with running(db, tmp_path) as identity:
        assert (await identity.ask("svc", SECRET)).status_code == 401
        assert (await identity.ask("svc", new)).json()["scope"] == "rooms:read"


async def test_tokens_from_before_a_restart_still_hold(database: MakeDatabase, tmp_path: Path) -> None:
    db = database("identity")
    bootstrap_file(tmp_path)
    async with running(db, tmp_path) as identity:
        before = (await identity.http.get("/.well-known/jwks.json")).json()
        assert (await identity.ask(ADMIN, ADMIN_SECRET)).status_code == 200
    async with running(db, tmp_path) as identity:
        assert (await identity.http.get("/.well-known/jwks.json")).json() == before


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        '{"api_clients": [{"name": "x"}]}',
        '{"clients": []}',
        '{"api_clients": [{"name": "x", "client_id": "a b", "client_secret": "s", "scopes": []}]}',
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bootstrap.json"
    path.write_text(text)
    with pytest.raises(UnusableBootstrapFile, match=r"bootstrap\.json"):
        read(path)
