"""Versions of protocols, the steps of their review, and which one is asked."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import orjson

from services.screening.domain.errors import UnknownProtocol
from services.screening.domain.protocol import Protocol
from services.screening.protocols import parse
from shared.kit.database import Transaction

# Parsed, by name, version and digest: what is stored under a digest never changes, so nothing here can be stale.
_PARSED: OrderedDict[tuple[str, int, str], Protocol] = OrderedDict()
_KEPT = 64

# The activation that holds now: the latest whose moment has come.
ASKED = """
SELECT DISTINCT ON (name) name, version FROM protocol_activations
WHERE NOT dry_run AND state <> 'withdrawn' AND active_from <= clock_timestamp()
ORDER BY name, active_from DESC, id DESC
"""
_FIND = f"""
WITH asked AS ({ASKED})
SELECT v.name, v.version, v.digest FROM protocol_versions v
WHERE v.name = :name AND v.version = coalesce(CAST(:version AS int), (SELECT version FROM asked WHERE name = :name))
"""


async def get(tx: Transaction, name: str, version: int | None = None) -> Protocol:
    """The named version, or the one that is asked now.

    Raises:
        UnknownProtocol: there is none such.
    """
    if version is not None and version >= 2**31:
        raise UnknownProtocol
    row = await tx.first(_FIND, {"name": name, "version": version})
    if row is None:
        raise UnknownProtocol
    return await _parsed(tx, row)


async def asked(tx: Transaction) -> list[Protocol]:
    """Every protocol that is asked now, in its version, by name."""
    rows = await tx.all(
        f"WITH asked AS ({ASKED}) SELECT v.name, v.version, v.digest FROM protocol_versions v"
        " JOIN asked a USING (name, version) ORDER BY v.name"
    )
    return [await _parsed(tx, row) for row in rows]


async def several(tx: Transaction, keys: set[tuple[str, int]]) -> dict[tuple[str, int], Protocol]:
    """The protocols of stored decisions, by name and version."""
    rows = await tx.all(
        "SELECT v.name, v.version, v.digest FROM protocol_versions v"
        " JOIN unnest(CAST(:names AS text[]), CAST(:versions AS int[])) AS k (name, version) USING (name, version)",
        {"names": [name for name, _ in keys], "versions": [version for _, version in keys]},
    )
    return {(row.name, row.version): await _parsed(tx, row) for row in rows}


async def _parsed(tx: Transaction, row: Any) -> Protocol:
    key = (row.name, row.version, row.digest)
    if key not in _PARSED:
        content = await tx.scalar(
            "SELECT content FROM protocol_versions WHERE name = :name AND version = :version",
            {"name": row.name, "version": row.version},
        )
        _PARSED[key] = parse(content | {"name": row.name, "version": row.version})
        while len(_PARSED) > _KEPT:
            _PARSED.popitem(last=False)
    _PARSED.move_to_end(key)
    return _PARSED[key]


async def lock(tx: Transaction, name: str) -> None:
    """One at a time decides about the versions of a protocol."""
    await tx.run("SELECT pg_advisory_xact_lock(7239010, hashtext(:name))", {"name": name})


async def insert(tx: Transaction, name: str, content: dict[str, Any], *, based_on: int | None, author: str) -> int:
    """Store what was written as the next version of this name, which must be locked. Gives its number."""
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return int(
        await tx.scalar(
            "INSERT INTO protocol_versions (name, version, origin, based_on, content, digest, author)"
            " SELECT :name, coalesce(max(version), 0) + 1, 'chain', CAST(:based_on AS int), CAST(:content AS jsonb),"
            " :digest, :author FROM protocol_versions WHERE name = :name RETURNING version",
            {"name": name, "content": content, "based_on": based_on, "digest": digest, "author": author},
        )
    )


async def step(tx: Transaction, name: str, version: int, step: str, actor: str, note: str) -> None:
    """Write down what somebody did with a version."""
    await tx.run(
        "INSERT INTO protocol_steps (name, version, step, actor, note) VALUES (:name, :version, :step, :actor, :note)",
        {"name": name, "version": version, "step": step, "actor": actor, "note": note},
    )


_ROWS = f"""
WITH asked AS ({ASKED})
SELECT v.name, v.version, v.origin, v.based_on, v.digest, v.author, v.created_at,
    CASE
        WHEN v.version = (SELECT version FROM asked WHERE name = v.name) THEN 'active'
        WHEN p.steps -> -1 ->> 'step' = 'withdrawn' THEN 'withdrawn'
        WHEN EXISTS (SELECT FROM protocol_activations a WHERE (a.name, a.version) = (v.name, v.version)
            AND NOT a.dry_run AND a.state = 'scheduled' AND a.active_from > clock_timestamp()) THEN 'scheduled'
        WHEN EXISTS (SELECT FROM protocol_activations a WHERE (a.name, a.version) = (v.name, v.version)
            AND NOT a.dry_run AND a.state <> 'withdrawn') THEN 'retired'
        WHEN v.origin = 'default' AND p.steps IS NULL THEN 'reviewed'
        ELSE coalesce(replace(p.steps -> -1 ->> 'step', 'approved', 'reviewed'), 'draft')
    END AS state,
    coalesce(p.steps, CAST('[]' AS jsonb)) AS steps
FROM protocol_versions v LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('step', s.step, 'actor', s.actor, 'note', s.note, 'at', s.at) ORDER BY s.id)
        AS steps
    FROM protocol_steps s WHERE (s.name, s.version) = (v.name, v.version)
) AS p ON true
WHERE v.name = :name
"""


async def version(tx: Transaction, name: str, version: int) -> Any:
    """One version with its state and steps.

    Raises:
        UnknownProtocol: there is none such.
    """
    row = None
    if version < 2**31:
        row = await tx.first(f"{_ROWS} AND v.version = :version", {"name": name, "version": version})
    if row is None:
        raise UnknownProtocol
    return row


async def versions(tx: Transaction, name: str, before: int | None, limit: int) -> Sequence[Any]:
    """The versions of a protocol with their states, newest first."""
    return await tx.all(
        f"{_ROWS} AND (CAST(:before AS int) IS NULL OR v.version < :before) ORDER BY v.version DESC LIMIT :limit",
        {"name": name, "before": before, "limit": limit},
    )


async def content(tx: Transaction, name: str, version: int) -> dict[str, Any]:
    """A version as it was written."""
    found: dict[str, Any] = await tx.scalar(
        "SELECT content FROM protocol_versions WHERE name = :name AND version = :version",
        {"name": name, "version": version},
    )
    return found
