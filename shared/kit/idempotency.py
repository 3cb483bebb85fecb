"""Idempotency keys: the same POST sent twice has one effect and one answer.

The record is written in the request's own transaction, so it is there exactly when the effect is. While the first
request runs it holds an advisory lock; a second one with the key is told so at once. A process that dies lets it go.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from shared.errors import Forbidden, Invalid, Refused
from shared.kit.database import Transaction

MAX_KEY = 255
KEPT_HOURS = 24


class Codec(Protocol):
    """How a service keeps fingerprints and answers. Screening's encrypts them with the client's key."""

    def fingerprint(self, body: bytes) -> bytes: ...

    def same(self, fingerprint: bytes, body: bytes) -> bool:
        """Whether a kept fingerprint is this body's."""

    async def seal(self, tx: Transaction, scope: "Scope", subject_id: UUID | None, body: bytes) -> bytes: ...

    async def open(self, tx: Transaction, scope: "Scope", subject_id: UUID | None, body: bytes) -> bytes: ...


class PlainCodec:
    """For answers that hold nothing secret."""

    def fingerprint(self, body: bytes) -> bytes:
        return hashlib.sha256(body).digest()

    def same(self, fingerprint: bytes, body: bytes) -> bool:
        return fingerprint == self.fingerprint(body)

    async def seal(self, tx: Transaction, scope: "Scope", subject_id: UUID | None, body: bytes) -> bytes:
        return body

    async def open(self, tx: Transaction, scope: "Scope", subject_id: UUID | None, body: bytes) -> bytes:
        return body


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose key, for which route, and what the caller may: a stored answer goes only to one who may as much.

    `subject` is who asks now, for the audit log.
    """

    client_id: str
    route: str
    key: str
    scopes: frozenset[str]
    branches: frozenset[UUID] | None
    subject: str = ""

    def params(self) -> dict[str, Any]:
        return {"client_id": self.client_id, "route": self.route, "key": self.key}

    @property
    def row(self) -> str:
        """What tells its record from all others."""
        return "\0".join((self.client_id, self.route, self.key))

    @property
    def lock(self) -> int:
        digest = hashlib.blake2b(self.row.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True, slots=True)
class Record:
    """The first answer: whole, or only the resource whose present state is the answer."""

    status: int | None
    headers: dict[str, str]
    body: bytes | None
    resource_id: UUID | None


_READ = """
SELECT fingerprint, status, headers, body, resource_id, subject_id, scopes, branches FROM idempotency_keys
WHERE client_id = :client_id AND route = :route AND key = :key AND created_at > clock_timestamp() - interval '24 hours'
"""

_WRITE = """
INSERT INTO idempotency_keys
    (client_id, route, key, fingerprint, status, headers, body, resource_id, subject_id, scopes, branches)
VALUES (:client_id, :route, :key, :fingerprint, :status, CAST(:headers AS jsonb), :body, :resource_id, :subject_id,
    CAST(:scopes AS text[]), CAST(:branches AS uuid[]))
"""


async def begin(tx: Transaction, scope: Scope, body: bytes, codec: Codec) -> Record | None:
    """Take the key. Returns the first answer if there is one.

    Raises:
        Refused: `idempotency_in_progress`: the first request with this key still runs.
        Invalid: `idempotency_key_reused`: the key came with another body before.
        Forbidden: the first request's token had scopes or branches that this one's lacks.
    """
    # Two statements on purpose: the second one's snapshot is taken when the lock is held.
    if not await tx.scalar("SELECT pg_try_advisory_xact_lock(CAST(:lock AS bigint))", {"lock": scope.lock}):
        raise Refused("idempotency_in_progress", "The first request with this Idempotency-Key still runs; wait for it.")
    row = await tx.first(_READ, scope.params())
    if row is None:
        await tx.run(
            "DELETE FROM idempotency_keys WHERE client_id = :client_id AND route = :route AND key = :key",
            scope.params(),
        )
        return None
    if not codec.same(bytes(row.fingerprint), body):
        raise Invalid("idempotency_key_reused", "This Idempotency-Key came with another body before; use a new key.")
    within = scope.branches is None or (row.branches is not None and scope.branches.issuperset(row.branches))
    if not (scope.scopes.issuperset(row.scopes) and within):
        raise Forbidden("insufficient_scope", "The first request with this Idempotency-Key came with a wider token.")
    stored = None if row.body is None else await codec.open(tx, scope, row.subject_id, bytes(row.body))
    return Record(row.status, row.headers or {}, stored, row.resource_id)


async def finish(
    tx: Transaction,
    scope: Scope,
    fingerprint: bytes,
    codec: Codec,
    *,
    status: int | None = None,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    resource_id: UUID | None = None,
    subject_id: UUID | None = None,
) -> None:
    """Store the first answer, in the transaction that made it true."""
    sealed = None if body is None else await codec.seal(tx, scope, subject_id, body)
    await tx.run(
        _WRITE,
        scope.params()
        | {"fingerprint": fingerprint, "status": status, "headers": headers, "body": sealed,
           "resource_id": resource_id, "subject_id": subject_id, "scopes": sorted(scope.scopes),
           "branches": None if scope.branches is None else list(scope.branches)},
    )  # fmt: skip


async def prune(tx: Transaction) -> int:
    """Forget keys older than a day."""
    return await tx.run("DELETE FROM idempotency_keys WHERE created_at < clock_timestamp() - interval '24 hours'")
