"""Saving a batch of changed appointments, whatever its size, in one statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.scheduling.domain.appointment import Appointment
from services.scheduling.store.appointments import from_row
from services.scheduling.store.claims import expired_give_way
from services.scheduling.store.rooms import SEEN
from services.scheduling.store.walltimes import wall_times
from shared.kit import outbox
from shared.kit.database import Transaction

_CHANGED = """
jsonb_to_recordset(CAST(:changed AS jsonb)) AS c (
    id uuid, status text, version int, attempt int, branch_id uuid, therapist_id uuid, therapist_named boolean,
    room_id uuid, requested_room_id uuid, starts_at timestamptz, ends_at timestamptz, screening_answer text,
    room_answer text, assignment_version int, code text, refusal jsonb, tried_therapist_ids uuid[], resume jsonb,
    started_at timestamptz, finished_at timestamptz, cancelled jsonb, asked boolean, asked_at timestamptz,
    treatment_id uuid, turnover_minutes int, requires_bar boolean, screening_protocol text, cancellation jsonb,
    timezone text, starts_local timestamp)
"""

# Time is freed before it can be taken by anybody who waits for it; attention items are answered when their
# appointment leaves the state that called for a person.
SAVE = f"""
WITH saved AS (
    UPDATE appointments a SET
        status = c.status, version = c.version, attempt = c.attempt, branch_id = c.branch_id,
        timezone = coalesce(c.timezone, a.timezone), therapist_id = c.therapist_id,
        therapist_named = c.therapist_named, room_id = c.room_id, requested_room_id = c.requested_room_id,
        starts_at = c.starts_at, ends_at = c.ends_at,
        starts_local = coalesce(c.starts_local, a.starts_local),
        screening_answer = c.screening_answer, room_answer = c.room_answer, assignment_version = c.assignment_version,
        code = c.code, refusal = c.refusal, tried_therapist_ids = c.tried_therapist_ids, resume = c.resume,
        started_at = c.started_at, finished_at = c.finished_at,
        cancel_reason = coalesce(c.cancelled ->> 'reason', a.cancel_reason),
        cancelled = coalesce(c.cancelled, a.cancelled),
        treatment_id = c.treatment_id, turnover_minutes = c.turnover_minutes, requires_bar = c.requires_bar,
        screening_protocol = c.screening_protocol, cancellation = c.cancellation,
        asked_at = CASE WHEN c.asked THEN clock_timestamp() ELSE coalesce(c.asked_at, a.asked_at) END,
        updated_at = clock_timestamp()
    FROM {_CHANGED} WHERE a.id = c.id
), freed AS (
    DELETE FROM therapist_claims t USING jsonb_to_recordset(CAST(:freed AS jsonb)) AS f (id uuid, low int, high int)
    WHERE t.appointment_id = f.id AND t.attempt BETWEEN f.low AND f.high
), history AS (
    INSERT INTO appointment_history
        (appointment_id, version, status, attempt, therapist_id, room_id, starts_at, code, actor)
    SELECT h.id, h.version, h.status, h.attempt, h.therapist_id, h.room_id, h.starts_at, h.code, :actor
    FROM jsonb_to_recordset(CAST(:history AS jsonb)) AS h (
        id uuid, version int, status text, attempt int, therapist_id uuid, room_id uuid, starts_at timestamptz,
        code text)
), items AS (
    INSERT INTO attention_items (appointment_id, branch_id, kind, reason)
    SELECT i.id, i.branch_id, i.kind, i.reason
    FROM jsonb_to_recordset(CAST(:items AS jsonb)) AS i (id uuid, branch_id uuid, kind text, reason text)
    ON CONFLICT DO NOTHING
), answered AS (
    UPDATE attention_items t SET resolved_at = clock_timestamp(), resolution = r.status
    FROM jsonb_to_recordset(CAST(:resolved AS jsonb)) AS r (id uuid, status text, kind text)
    WHERE t.appointment_id = r.id AND t.resolved_at IS NULL AND t.kind = coalesce(r.kind, t.kind)
), seen AS ({SEEN}), said AS ({outbox.INSERT_WITH})
SELECT CASE WHEN CAST(:settled AS text) <> '' THEN pg_notify('settled', CAST(:settled AS text)) END
"""
_SETTLED_AT_ONCE = 180  # a notification holds 8,000 bytes; more than that, and listeners look for themselves


@dataclass(slots=True)
class Changes:
    """What a transaction changes of appointments, collected and then saved together."""

    actor: str
    changed: dict[UUID, Appointment] = field(default_factory=dict)
    settled: dict[UUID, Appointment] = field(default_factory=dict)
    asked: set[UUID] = field(default_factory=set)
    cancelled: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    freed: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    resolved: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def touch(self, appointment: Appointment) -> None:
        """Only what was heard changed; nothing to tell."""
        self.changed[appointment.id] = appointment

    def step(self, appointment: Appointment) -> None:
        """A new version: it goes into the history."""
        self.touch(appointment)
        a = appointment
        self.history.append(
            {"id": a.id, "version": a.version, "status": a.status, "attempt": a.attempt, "starts_at": a.starts_at,
             "therapist_id": a.therapist_id, "room_id": a.room_id, "code": a.code}
        )  # fmt: skip

    def settle(self, appointment: Appointment) -> None:
        """The saga of this attempt is over: whoever waits for it is woken."""
        self.step(appointment)
        self.settled[appointment.id] = appointment

    def free(self, appointment: Appointment, low: int = 0, high: int = 2**31 - 1) -> None:
        """Give back the therapist's time that attempts `low` to `high` took."""
        self.freed.append({"id": appointment.id, "low": low, "high": high})

    def ask_person(self, appointment: Appointment, kind: str, reason: str) -> None:
        self.items.append(
            {"id": appointment.id, "branch_id": appointment.branch_id, "kind": kind, "reason": reason}
        )  # fmt: skip

    def resolve(self, appointment: Appointment, kind: str | None = None) -> None:
        """No person is needed any more, or not for this."""
        self.resolved.append({"id": appointment.id, "status": appointment.status, "kind": kind})

    async def save(self, tx: Transaction) -> None:
        """One statement, with what was announced so far; none when nothing changed."""
        if not (self.changed or self.items or self.seen):
            return
        moved = await wall_times(tx, [a for a in self.changed.values() if a.attempt > 1])
        rows = [
            {name: getattr(a, name) for name in _SAVED}
            | {"asked": a.id in self.asked, "cancelled": self.cancelled.get(a.id)}
            | moved.get(a.id, {})
            for a in self.changed.values()
        ]
        told = self.settled.values()
        ids = " ".join(f"{a.id}:{a.version}" for a in told) if len(told) <= _SETTLED_AT_ONCE else "*"
        await tx.run(
            SAVE,
            {"changed": rows, "freed": self.freed, "history": self.history, "items": self.items,
             "resolved": self.resolved, "settled": ids, "actor": self.actor,
             "seen": [self.seen[id] for id in sorted(self.seen)], **tx.take_announced()},
        )  # fmt: skip


_SAVED = (
    "id", "status", "version", "attempt", "branch_id", "therapist_id", "therapist_named", "room_id",
    "requested_room_id", "starts_at", "ends_at", "screening_answer", "room_answer", "assignment_version", "code",
    "refusal", "tried_therapist_ids", "resume", "started_at", "finished_at", "asked_at", "treatment_id",
    "turnover_minutes", "requires_bar", "screening_protocol", "cancellation",
)  # fmt: skip

# --- taking a therapist's time for a later attempt ------------------------------------------------------------------

CLAIM = """
INSERT INTO therapist_claims (appointment_id, attempt, therapist_id, during)
SELECT c.id, c.attempt, c.therapist_id, tstzrange(c.starts_at, c.ends_at)
FROM jsonb_to_recordset(CAST(:claims AS jsonb)) AS c (
    id uuid, attempt int, therapist_id uuid, starts_at timestamptz, ends_at timestamptz)
ORDER BY c.therapist_id, c.id
ON CONFLICT DO NOTHING RETURNING appointment_id
"""


async def claim(tx: Transaction, claims: Sequence[dict[str, Any]]) -> set[UUID]:
    """Take therapists' time: {id, attempt, therapist_id, starts_at, ends_at} each. Returns who got it.

    In therapist order, so that two batches cannot wait for each other. Expired holds give way.
    """
    await expired_give_way(tx, claims)
    return {row.appointment_id for row in await tx.all(CLAIM, {"claims": list(claims)})}


# A session that runs holds its therapist for its real time, as far as nobody else has taken it.
STARTED = """
WITH started AS (
    SELECT * FROM jsonb_to_recordset(CAST(:sessions AS jsonb)) AS s (
        id uuid, attempt int, therapist_id uuid, starts_at timestamptz, ends_at timestamptz)
), moved AS (
    UPDATE therapist_claims t SET therapist_id = s.therapist_id, during = tstzrange(s.starts_at, s.ends_at)
    FROM started s
    WHERE t.appointment_id = s.id AND t.attempt = s.attempt AND NOT EXISTS (
        SELECT FROM therapist_claims o WHERE o.therapist_id = s.therapist_id AND o.appointment_id <> s.id
        AND o.during && tstzrange(s.starts_at, s.ends_at))
)
INSERT INTO therapist_claims (appointment_id, attempt, therapist_id, during)
SELECT s.id, s.attempt, s.therapist_id, tstzrange(s.starts_at, s.ends_at) FROM started s
WHERE NOT EXISTS (SELECT FROM therapist_claims t WHERE t.appointment_id = s.id AND t.attempt = s.attempt)
ORDER BY s.therapist_id, s.id
ON CONFLICT DO NOTHING
"""


async def hold_started(tx: Transaction, sessions: Sequence[dict[str, Any]]) -> None:
    """Keep (or restore, after a late cancel) the time of running sessions' therapists."""
    await expired_give_way(tx, sessions)
    await tx.run(STARTED, {"sessions": list(sessions)})


# --- clocks ---------------------------------------------------------------------------------------------------------

# A move that room-equipment was asked to make waits for its answer: nobody else knows whether it was made (ADR 0019).
# The relay's publish mark is the start of the deadline; a request that never left the outbox has its own, longer one.
LATE = """
(request.published_at < clock_timestamp() - make_interval(secs => CAST(:answer_seconds AS float))
 OR request.published_at IS NULL AND clock_timestamp()
    > least(a.asked_at + make_interval(mins => CAST(:unpublished_minutes AS int)), a.starts_at))
"""
REQUEST = """
LATERAL (
    SELECT o.published_at FROM outbox o
    WHERE o.aggregateid = CAST(a.id AS text) AND o.type = ANY(CAST(:types AS text[])) ORDER BY o.seq DESC LIMIT 1
) request
"""
OVERDUE = f"""
SELECT a.* FROM appointments a LEFT JOIN {REQUEST} ON true
WHERE a.status = 'pending' AND NOT (coalesce(CAST(a.resume ->> 'keeps_room' AS boolean), false)
                                    AND a.screening_answer IS NOT DISTINCT FROM 'yes')
  AND (a.party_id IS NULL OR a.resume IS NOT NULL) AND {LATE}
ORDER BY a.id LIMIT 500 FOR UPDATE OF a SKIP LOCKED
"""
PASSED = """
SELECT a.* FROM appointments a WHERE a.status = 'needs_attention' AND a.starts_at <= clock_timestamp()
ORDER BY a.id LIMIT 500 FOR UPDATE SKIP LOCKED
"""


async def lock_overdue(
    tx: Transaction, types: Sequence[str], answer_seconds: float, unpublished_minutes: int
) -> list[Appointment]:  # fmt: skip
    """Pending requests nobody answered in time, by the database's clock."""
    rows: Iterable[Row[Any]] = await tx.all(
        OVERDUE, {"types": list(types), "answer_seconds": answer_seconds, "unpublished_minutes": unpublished_minutes}
    )
    return [from_row(row) for row in rows]


async def lock_passed(tx: Transaction) -> list[Appointment]:
    """Those that waited for a person until their start passed."""
    return [from_row(row) for row in await tx.all(PASSED)]


async def now(tx: Transaction) -> datetime:
    """The database's clock."""
    value: datetime = await tx.scalar("SELECT clock_timestamp()")
    return value
