"""After an erasure nothing of a person can be read from the database, its WAL, or backups made before it (A25, F28).

On a PostgreSQL of its own, with full durability: what an attacker would have is its files, a base backup and a dump
from before, and everything that is left beside them: the master keys, and the shares as they are now.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from deploy.embedded.account import reachable_folder
from deploy.embedded.databases import database_name, ensure_service, owner_role, runtime_role, with_login
from deploy.embedded.postgres import Postgres, installation
from services.screening.app import SERVICE
from services.screening.domain.errors import Unreadable
from services.screening.handlers.erase import reapply
from services.screening.key_shares import FolderShares
from services.screening.master_keys import FileKeys, KeyRing
from services.screening.vault import Vault, WrappedKey
from shared.events.scheduling import ClientErased
from shared.kit.migrations import upgrade
from shared.kit.testing import TokenMint, running
from tests.screening.api.test_clearances import PDF
from tests.screening.chain import CLINICIAN, Chain
from tests.screening.test_erasure import CANARY, lived
from tests.servers import ServiceDatabase

SEALED = (  # kind, how its rows are told apart, the query
    ("screening", "SELECT id, vault FROM screenings WHERE client_id = $1"),
    ("clearance", "SELECT id, vault FROM clearances WHERE client_id = $1"),
    ("arrival", "SELECT id, vault FROM arrivals WHERE client_id = $1"),
    ("document", "SELECT clearance_id, sealed FROM clearance_documents WHERE client_id = $1"),
    ("idempotent answer", "SELECT concat_ws(chr(1), client_id, route, key), substring(body FROM 2)"
                          " FROM idempotency_keys WHERE subject_id = $1"),
)  # fmt: skip


@dataclass
class Site:
    """A machine's folder: its data, its master key and its shares."""

    folder: Path
    patch: pytest.MonkeyPatch
    mint: TokenMint

    @property
    def shares(self) -> Path:
        return self.folder / "shares"

    def vault(self, shares: Path) -> Vault:
        return Vault(KeyRing(FileKeys(self.folder / "master.key")), FolderShares(shares))

    @asynccontextmanager
    async def server(self, data: Path) -> AsyncIterator[Postgres]:
        server = Postgres(data, "secret", self.folder / "postgres.log")
        await server.start()
        try:
            yield server
        finally:
            await server.stop()

    @asynccontextmanager
    async def screening(self, server: Postgres) -> AsyncIterator[Chain]:
        admin = await asyncpg.connect(server.url)
        await ensure_service(admin, "screening", "owner", "runtime")
        await admin.close()
        name = database_name("screening")
        owner = with_login(server.url, owner_role("screening"), "owner", name)
        database = ServiceDatabase(
            "screening", name, with_login(server.url, runtime_role("screening"), "runtime", name), owner,
            f"{server.url.rsplit('/', 1)[0]}/{name}",
        )  # fmt: skip
        await asyncio.to_thread(upgrade, "screening", owner)
        for key, value in {
            **database.environment,
            **self.mint.environment(self.folder),
            "CAIBEI_SCREENING_MASTER_KEY_FILE": str(self.folder / "master.key"),
            "CAIBEI_SCREENING_KEY_SHARES_DIR": str(self.shares),
        }.items():
            self.patch.setenv(key, value)
        async with running(SERVICE) as app:
            yield Chain(app, self.mint, database)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="caibei-erased-"))  # where the dropped uid of PostgreSQL reaches it
    folder.chmod(0o711)
    yield Site(folder, monkeypatch, TokenMint())
    shutil.rmtree(folder, ignore_errors=True)


async def tool(name: str, server: Postgres, *arguments: str) -> bytes:
    binary = installation() / "bin" / name
    binary.chmod(0o755)
    where = ("-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres")
    process = await asyncio.create_subprocess_exec(
        binary, *where, *arguments, env=os.environ | {"PGPASSWORD": "secret"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return out


def raw(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def opened(url: str, vault: Vault, client_id: UUID) -> bytes:
    """Everything of a client that opens: every key with every ciphertext of theirs."""
    found = []
    connection = await asyncpg.connect(f"{url.rsplit('/', 1)[0]}/{database_name('screening')}")
    try:
        for row in await connection.fetch("SELECT * FROM client_keys WHERE client_id = $1", client_id):
            try:
                kept = vault.unwrap(client_id, WrappedKey(row["master_key_id"], row["wrapped"]))
            except Unreadable:
                continue
            for kind, query in SEALED:
                for id, sealed in await connection.fetch(query, client_id):
                    place = str(id).replace("\x01", "\0") if kind == "idempotent answer" else id
                    if sealed:
                        found.append(kept.open_bytes(kind, place, sealed))
    finally:
        await connection.close()
    return b"\n".join(found)


async def test_nothing_of_an_erased_client_is_recoverable_from_database_wal_or_backups(site: Site) -> None:
    data, backup, shares_then = (site.folder / name for name in ("data", "backup", "shares-then"))
    async with site.server(data) as server:
        async with site.screening(server) as chain:
            alice, bob = await chain.client(), await chain.client()
            screening_id, _ = await lived(chain, alice)
            await lived(chain, bob)
            await tool("pg_basebackup", server, "-D", str(backup), "-X", "stream", "-c", "fast")
            dump = await tool("pg_dump", server, "-d", database_name("screening"))
            shutil.copytree(site.shares, shares_then)
            connection = await asyncpg.connect(chain.admin_url)
            wrapped = await connection.fetchval("SELECT wrapped FROM client_keys WHERE client_id = $1", alice)
            await connection.close()
            share = site.vault(site.shares).shares.get(WrappedKey("", wrapped).key_id)
            said = await chain.hear(ClientErased(client_id=alice, version=2))
            assert said[-1]["type"] == "caibei.screening.client.forgotten.v1"
            assert all(CANARY not in str(event) for event in said)
        assert await opened(server.url, site.vault(site.shares), alice) == b""
        assert CANARY.encode() in await opened(server.url, site.vault(site.shares), bob)
    files = raw(reachable_folder(data, server.account))
    assert wrapped in files, "the wrapped key is still in the heap or the WAL: without the share it must open nothing"
    for needle in (CANARY.encode(), PDF["data"].encode(), b"%PDF-1.7 CANARY", share):
        for where in (files, raw(backup), dump, dump.replace(b"\\\\x", b"")):
            assert needle not in where and needle.hex().encode() not in where
        assert needle not in raw(site.shares) or needle is not share

    chown_like(reachable_folder(data, server.account), backup)
    async with site.server(backup) as restored:
        assert await opened(restored.url, site.vault(site.shares), alice) == b"", "backup, master key, shares of today"
        assert CANARY.encode() in await opened(restored.url, site.vault(site.shares), bob), "the attack works"
        assert CANARY.encode() in await opened(restored.url, site.vault(shares_then), alice), (
            "it is the share that lacks"
        )
        async with site.screening(restored) as chain:  # what came back is erased again
            async with chain.app.state.database.transaction() as tx:
                assert await reapply(tx) == 1
                assert await reapply(tx) == 0
            shown = (await chain.get(f"/v1/screenings/{screening_id}", *CLINICIAN)).json()
            assert (shown["erased"], shown["outcome"], shown["answers"]) == (True, "clearance_required", None)
            (line,) = [each for each in (await chain.get(f"/v1/audit?subject_id={alice}", "ops:read")).json()["items"]
                       if each["action"] == "erased_answers"]  # fmt: skip
            assert line["reason"] == "erased before this database's backup"
            assert await chain.book(alice) == "screening_required"
            assert await chain.book(bob) is None


def chown_like(model: Path, folder: Path) -> None:
    owner = model.stat()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    folder.chmod(0o700)
