"""While its database is away identity answers 503 and keeps the keys public, so that the tokens in use still verify."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from tests.conftest import MakeDatabase
from tests.identity.conftest import ADMIN, ADMIN_SECRET, bootstrap_file, running


class Way:
    """The way to a server, which can be cut and mended: a port that forwards to it."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        self._writers += [writer, back]
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()


async def test_no_token_is_given_and_none_stops_verifying(database: MakeDatabase, tmp_path: Path) -> None:
    db = database("identity")
    address = urlsplit(db.url)
    assert address.hostname is not None
    assert address.port is not None
    way = Way(address.hostname, address.port)
    await way.mend()
    bootstrap_file(tmp_path)
    detour = replace(db, url=db.url.replace(f":{address.port}/", f":{way.port}/"))
    async with running(detour, tmp_path) as identity:
        assert (await identity.ask(ADMIN, ADMIN_SECRET)).status_code == 200
        await way.cut()
        refused = await identity.ask(ADMIN, ADMIN_SECRET)
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) >= 1
        assert (await identity.http.get("/.well-known/jwks.json")).status_code == 200
        assert (await identity.http.get("/readyz")).status_code == 503

        await way.mend()
        assert (await identity.ask(ADMIN, ADMIN_SECRET)).status_code == 200
    await way.cut()
