"""identity as it really runs: its own process's app on a port, over its own database."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from services.identity.app import SERVICE
from services.identity.domain.scopes import SCOPES
from shared.kit.service import build
from tests.conftest import MakeDatabase
from tests.servers import ServiceDatabase

ADMIN, ADMIN_SECRET = "admin", "admin-secret-of-the-tests-0123456789abcdef"


@dataclass(frozen=True)
class Identity:
    url: str
    http: httpx.AsyncClient
    database: ServiceDatabase
    app: FastAPI

    async def ask(self, client_id: str, secret: str, scope: str | None = None) -> httpx.Response:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        return await self.http.post("/oauth/token", data=form | ({"scope": scope} if scope is not None else {}))

    async def bearer(self, client_id: str = ADMIN, secret: str = ADMIN_SECRET) -> dict[str, str]:
        answer = await self.ask(client_id, secret)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def bootstrap_file(folder: Path, *more: dict[str, object]) -> Path:
    admin = {
        "name": "Admin",
        "client_id": ADMIN,
        "client_secret": ADMIN_SECRET,
        "scopes": list(SCOPES),
        "branches": ["*"],
    }
    path = folder / "bootstrap.json"
    path.write_text(json.dumps({"api_clients": [admin, *more], "staff": []}))
    return path


@asynccontextmanager
async def running(database: ServiceDatabase, folder: Path) -> AsyncIterator[Identity]:
    """The app with role `api` on a free port, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    environment = database.environment | {
        "CAIBEI_IDENTITY_URL": url,
        "CAIBEI_OIDC_ISSUERS": url,
        "CAIBEI_IDENTITY_BOOTSTRAP_FILE": str(folder / "bootstrap.json"),
        "CAIBEI_IDENTITY_SIGNING_KEY_FILE": str(folder / "signing.pem"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        app = build(SERVICE, "api")
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.005)
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            yield Identity(url, http, database, app)
    finally:
        server.should_exit = True
        await serving
        listener.close()


@pytest.fixture(scope="module")
async def identity(module_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Identity]:
    folder = tmp_path_factory.mktemp("identity")
    bootstrap_file(folder)
    async with running(module_database("identity"), folder) as identity:
        yield identity
