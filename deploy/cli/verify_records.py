"""`caibei verify-records`: whether anyone changed, removed, inserted or reordered something in the safety record."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.console import DataDir, Json, fail, show, show_one

app = typer.Typer()


@app.command("verify-records")
def verify_records(
    branch: Annotated[str | None, typer.Option(help="Only this branch: its id.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="What an earlier run printed with --json, kept elsewhere: its heads must stand.")
    ] = None,
    anchor: Annotated[
        list[str] | None, typer.Option(help="A record hash printed on a certificate; it must be there. Repeatable.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Work out every hash of the safety record again, and compare every inspection, lock-out, check and repair with it.

    Ends with 0 when all of it holds, with 1 when not: then the first entry of each chain that does not hold is named.

    Reads the database itself, as its owner (CAIBEI_ROOM_EQUIPMENT_MIGRATION_URL, else the running system's); changes
    nothing. A rewritten chain shows only against something kept elsewhere: keep the --json output of each run.
    """
    import asyncio

    from deploy.cli.migrate import owner_url

    url = owner_url("room_equipment", data_dir)
    try:
        found = asyncio.run(
            verified(url, _uuid(branch) if branch else None, _kept(against), _anchors(anchor or []), _progress())
        )
    except OSError as error:
        fail(f"the database of room_equipment does not answer: {error}", 3)
    if branch and not found["entries"] and not found["faults"]:
        fail(f"there is no record of a branch {branch}", 2)
    if as_json:
        show_one(found, True)
    else:
        if found["faults"]:
            show(found["faults"], False)
        verdict = "does NOT hold" if found["faults"] else "holds"
        print(f"the safety record {verdict}: {found['entries']} entries in {found['chains']} chains")
    raise typer.Exit(int(bool(found["faults"])))


async def verified(
    url: str, branch_id: Any, kept: Mapping[Any, Any], anchors: frozenset[bytes], progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """{ok, entries, chains, faults, heads}, JSON-ready, from one state of the database."""
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    from services.room_equipment.domain.record import Verification
    from services.room_equipment.handlers.record import verify
    from shared.kit.database import Transaction, driver_url

    seen = Verification(kept, anchors)
    engine = create_async_engine(driver_url(url), poolclass=NullPool, isolation_level="REPEATABLE READ")
    async with engine.connect() as connection:
        faults = await verify(Transaction(connection), seen, branch_id, progress)
    await engine.dispose()
    return {
        "ok": not faults,
        "entries": seen.entries,
        "chains": len(seen.ends),
        "faults": [
            {
                "problem": fault.problem,
                "record": fault.record,
                "id": str(fault.subject_id) if fault.subject_id else None,
                "change": fault.change,
                "chain": str(fault.chain_id) if fault.chain_id else None,
                "sequence": fault.sequence,
                "detail": fault.detail,
            }
            for fault in faults
        ],
        "heads": {str(chain): {"sequence": end.sequence, "hash": end.hash.hex()} for chain, end in seen.ends.items()},
    }


def _uuid(text: str) -> Any:
    from uuid import UUID

    try:
        return UUID(text)
    except ValueError:
        fail(f"{text!r} is no id of a branch: `GET /v1/branches` lists them", 2)


def _anchors(texts: list[str]) -> frozenset[bytes]:
    try:
        hashes = frozenset(bytes.fromhex(text) for text in texts)
    except ValueError:
        hashes = frozenset({b""})
    if any(len(hash) != 32 for hash in hashes):
        fail("a record hash has 64 hexadecimal digits", 2)
    return hashes


def _kept(path: Path | None) -> dict[Any, Any]:
    import json
    from uuid import UUID

    from services.room_equipment.domain.record import Head

    if path is None:
        return {}
    try:
        heads = json.loads(path.read_text("utf-8"))["heads"]
        return {UUID(chain): Head(int(head["sequence"]), bytes.fromhex(head["hash"])) for chain, head in heads.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fail(f"{path} is not what `caibei verify-records --json` prints: {error}", 2)


def _progress() -> Callable[[int, int], None]:
    """One line on a terminal's stderr, while there is more than a page to look at."""

    def say(done: int, total: int) -> None:
        if sys.stderr.isatty() and total > 5_000:
            end = "\n" if done >= total else "\r"
            print(f"{done:,} of {total:,} entries", end=end, file=sys.stderr, flush=True)

    return say
