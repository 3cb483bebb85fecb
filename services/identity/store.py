"""Every query of identity."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from services.identity.domain.api_clients import ApiClient, Reach
from services.identity.domain.backoff import FORGOTTEN_AFTER
from services.identity.domain.secrets import SealedSecret
from shared.kit.database import Transaction


class Proof(NamedTuple):
    """What one needs to judge a proof: the client (None when unknown), its recent failures and the database's clock."""

    client: ApiClient | None
    failures: int
    since_last: timedelta
    now: datetime
    last_used_at: datetime | None


_FOR_PROOF = """
SELECT c.*, COALESCE(f.failures, 0) AS failures, COALESCE(now() - f.last_failed_at, interval '1 day') AS since_last,
       now() AS now
FROM (SELECT) AS asked
LEFT JOIN api_clients c ON c.client_id = :client_id
LEFT JOIN failed_proofs f ON f.who = :who AND f.last_failed_at > now() - CAST(:forgotten AS interval)
"""

_COUNT_FAILURE = """
WITH counted AS (
    INSERT INTO failed_proofs AS f (who, failures, last_failed_at) VALUES (:who, 1, now())
    ON CONFLICT (who) DO UPDATE SET last_failed_at = now(), failures =
        CASE WHEN f.last_failed_at < now() - CAST(:forgotten AS interval) THEN 1 ELSE f.failures + 1 END
    RETURNING failures
), told AS (
    INSERT INTO audit_log (actor, action, subject_kind, subject_id, reason, trace_id)
    VALUES (:known, 'token refused', 'api-client', :known, :reason, :trace_id)
)
SELECT failures FROM counted
"""

_INSERT = """
INSERT INTO api_clients (client_id, name, scopes, branches, therapist_id, secret_salt, secret_digest)
VALUES (:client_id, :name, :scopes, :branches, :therapist_id, :secret_salt, :secret_digest)
RETURNING seq, created_at
"""

_SAVE = """
UPDATE api_clients SET secret_salt = :secret_salt, secret_digest = :secret_digest, previous_salt = :previous_salt,
    previous_digest = :previous_digest, previous_until = :previous_until, revoked_at = :revoked_at, version = :version
WHERE client_id = :client_id
"""

# The file's secret counts only when it is another than the one last taken from the file.
_LOAD = """
INSERT INTO api_clients AS c
    (client_id, name, scopes, branches, therapist_id, secret_salt, secret_digest, loaded_salt, loaded_digest)
VALUES (:client_id, :name, :scopes, :branches, :therapist_id, :salt, :digest, :salt, :digest)
ON CONFLICT (client_id) DO UPDATE SET
    name = excluded.name, scopes = excluded.scopes, branches = excluded.branches, therapist_id = excluded.therapist_id,
    secret_salt = CASE WHEN :new_secret THEN excluded.secret_salt ELSE c.secret_salt END,
    secret_digest = CASE WHEN :new_secret THEN excluded.secret_digest ELSE c.secret_digest END,
    loaded_salt = excluded.loaded_salt, loaded_digest = excluded.loaded_digest
"""


def who(client_id: str, address: str) -> bytes:
    """Names a guesser: this client id as tried from this address."""
    return sha256(f"{client_id}\0{address}".encode("utf-8", "surrogatepass")).digest()


async def for_proof(tx: Transaction, client_id: str, guesser: bytes) -> Proof:
    row = await tx.one(_FOR_PROOF, {"client_id": client_id, "who": guesser, "forgotten": FORGOTTEN_AFTER})
    client = client_of(row) if row.client_id is not None else None
    return Proof(client, row.failures, row.since_last, row.now, row.last_used_at)


async def count_failure(
    tx: Transaction, guesser: bytes, client: ApiClient | None, reason: str, trace_id: str | None
) -> int:
    """Count it, write it into the audit log, and say how many there are. An id that is unknown is not kept."""
    known = client.client_id if client else "unknown"
    params = {"who": guesser, "known": known, "reason": reason, "trace_id": trace_id, "forgotten": FORGOTTEN_AFTER}
    return int(await tx.scalar(_COUNT_FAILURE, params))


async def forget_failures(tx: Transaction, guesser: bytes) -> None:
    await tx.run("DELETE FROM failed_proofs WHERE who = :who", {"who": guesser})


async def forget_old_failures(tx: Transaction) -> int:
    old = "DELETE FROM failed_proofs WHERE last_failed_at < now() - CAST(:forgotten AS interval)"
    return await tx.run(old, {"forgotten": FORGOTTEN_AFTER})


async def mark_used(tx: Transaction, client_id: str) -> None:
    await tx.run("UPDATE api_clients SET last_used_at = now() WHERE client_id = :id", {"id": client_id})


async def insert(tx: Transaction, client: ApiClient) -> Any:
    """Store a new client; the row has its `seq` and `created_at`."""
    return await tx.one(
        _INSERT,
        {
            "client_id": client.client_id,
            "name": client.name,
            "scopes": sorted(client.reach.scopes),
            "branches": sorted(client.reach.branches),
            "therapist_id": client.therapist_id,
            "secret_salt": client.secret.salt,
            "secret_digest": client.secret.digest,
        },
    )


async def save(tx: Transaction, client: ApiClient) -> None:
    """Store what a rotation or revocation changed."""
    await tx.run(
        _SAVE,
        {
            "client_id": client.client_id,
            "secret_salt": client.secret.salt,
            "secret_digest": client.secret.digest,
            "previous_salt": client.previous.salt if client.previous else None,
            "previous_digest": client.previous.digest if client.previous else None,
            "previous_until": client.previous_until,
            "revoked_at": client.revoked_at,
            "version": client.version,
        },
    )


async def row_of(tx: Transaction, client_id: str, *, lock: bool = False) -> Any:
    """The client's row (None when there is none), with `now`, the database's clock."""
    statement = "SELECT *, now() AS now FROM api_clients WHERE client_id = :id"
    return await tx.first(statement + (" FOR UPDATE" if lock else ""), {"id": client_id})


async def page(tx: Transaction, branches: Sequence[UUID] | None, after: int, limit: int) -> Sequence[Any]:
    """Clients in the order they were made, of these branches only (None: all)."""
    statement = """
        SELECT * FROM api_clients WHERE seq > :after
        AND (CAST(:branches AS text[]) IS NULL OR branches <@ CAST(:branches AS text[])) ORDER BY seq LIMIT :limit
    """
    named = None if branches is None else [str(branch) for branch in branches]
    return await tx.all(statement, {"after": after, "branches": named, "limit": limit})


async def loaded_secret(tx: Transaction, client_id: str) -> SealedSecret | None:
    """The secret last taken from the bootstrap file. Nobody else loads until this transaction ends."""
    await tx.run("SELECT pg_advisory_xact_lock(7239101)")
    statement = "SELECT loaded_salt, loaded_digest FROM api_clients WHERE client_id = :id"
    row = await tx.first(statement, {"id": client_id})
    return SealedSecret(row.loaded_salt, row.loaded_digest) if row and row.loaded_salt else None


async def load(tx: Transaction, client: ApiClient, loaded: SealedSecret, *, new_secret: bool) -> None:
    """Store what the bootstrap file says of a client; what was revoked stays revoked."""
    await tx.run(
        _LOAD,
        {
            "client_id": client.client_id,
            "name": client.name,
            "scopes": sorted(client.reach.scopes),
            "branches": sorted(client.reach.branches),
            "therapist_id": client.therapist_id,
            "salt": loaded.salt,
            "digest": loaded.digest,
            "new_secret": new_secret,
        },
    )


def client_of(row: Any) -> ApiClient:
    """A row of api_clients as the domain's object."""
    previous = SealedSecret(row.previous_salt, row.previous_digest) if row.previous_salt else None
    return ApiClient(
        client_id=row.client_id,
        name=row.name,
        reach=Reach(scopes=frozenset(row.scopes), branches=frozenset(row.branches)),
        therapist_id=row.therapist_id,
        secret=SealedSecret(row.secret_salt, row.secret_digest),
        previous=previous,
        previous_until=row.previous_until,
        revoked_at=row.revoked_at,
        version=row.version,
    )
