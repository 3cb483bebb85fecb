"""What must hold of the whole service after every step, asked by SQL as the superuser, of the rows themselves."""

from typing import Any

import asyncpg

BROKEN = {
    "two sessions in one room": """
        SELECT a.appointment_id FROM assignments a JOIN assignments b ON a.room_id = b.room_id
        AND a.appointment_id < b.appointment_id AND a.during && b.during""",
    "two running sessions of one room or therapist": """
        SELECT a.appointment_id FROM assignments a JOIN assignments b ON a.appointment_id < b.appointment_id
        AND (a.room_id = b.room_id OR a.therapist_id = b.therapist_id)
        WHERE a.started_at IS NOT NULL AND b.started_at IS NOT NULL""",
    "a session that is not cleared": """
        SELECT a.appointment_id FROM assignments a WHERE a.requires_bar AND NOT coalesce((
            SELECT range_agg(c.valid_during) @> a.covered FROM room_clearances c
            WHERE c.room_id = a.room_id), false)""",
    "a session over the limit, or of unknown load": """
        SELECT a.appointment_id FROM assignments a LEFT JOIN room_clearances c ON c.room_id = a.room_id
        AND c.valid_during && a.covered WHERE a.requires_bar AND (a.load_kg IS NULL OR a.load_kg > c.max_load_kg)""",
    "a session lighter than its therapist": """
        SELECT a.appointment_id FROM assignments a LEFT JOIN load_profiles p ON p.therapist_id = a.therapist_id
        WHERE a.requires_bar AND a.started_at IS NULL AND upper(a.during) > clock_timestamp()
        AND a.load_kg IS DISTINCT FROM p.load_kg""",
    # What bars, inspections and lock-outs prove of each room from now on, and what is on record of it.
    "a clearance other than what is proven": """
        WITH bar AS (
            SELECT b.room_id, b.rated_load_kg, i.id AS proof, i.certified_until AS ends,
                b.in_service AND i.certified_until > clock_timestamp()
                AND NOT EXISTS (SELECT FROM lockouts l WHERE l.bar_id = b.id AND l.released_at IS NULL)
                AND EXISTS (SELECT FROM inspections p WHERE p.bar_id = b.id AND p.kind = 'installation'
                            AND p.result <> 'fail' AND p.recorded_at >= b.unproven_since) AS good
            FROM bars b LEFT JOIN LATERAL (
                SELECT id, certified_until FROM inspections WHERE bar_id = b.id
                ORDER BY sequence DESC LIMIT 1) i ON true
            WHERE b.removed_on IS NULL
        ), proven AS (
            SELECT r.id AS room_id, min(bar.ends) AS ends, min(bar.rated_load_kg) AS most,
                   array_agg(bar.proof ORDER BY bar.proof) AS proof
            FROM rooms r JOIN bar ON bar.room_id = r.id WHERE r.in_service
            GROUP BY r.id HAVING count(*) >= r.bars_required AND bool_and(coalesce(bar.good, false))
        ), recorded AS (
            SELECT room_id, upper(valid_during) AS ends, max_load_kg AS most,
                   (SELECT array_agg(id ORDER BY id) FROM unnest(inspection_ids) id) AS proof
            FROM room_clearances WHERE upper(valid_during) > clock_timestamp()
        )
        SELECT coalesce(p.room_id, c.room_id) FROM proven p FULL JOIN recorded c ON c.room_id = p.room_id
        WHERE (p.ends, p.most, p.proof) IS DISTINCT FROM (c.ends, c.most, c.proof)""",
    "a stretch of time of which nothing, or two things, are said": """
        SELECT r.id FROM rooms r WHERE NOT coalesce((
            SELECT range_agg(d) @> tstzrange(clock_timestamp(), NULL) FROM (
                SELECT valid_during AS d FROM room_clearances WHERE room_id = r.id
                UNION ALL SELECT during FROM room_gaps WHERE room_id = r.id) said), false)
        OR EXISTS (SELECT FROM room_clearances c JOIN room_gaps g ON g.room_id = c.room_id
                   AND g.during && c.valid_during
                   WHERE c.room_id = r.id)""",
    "versions of an appointment or a room that did not rise": """
        SELECT aggregateid FROM (
            SELECT aggregateid, version,
                lag(version) OVER (PARTITION BY aggregateid, kind ORDER BY seq) AS before FROM (
                SELECT seq, aggregateid, type LIKE '%.clearance-changed.%' AS kind,
                    CAST(coalesce(payload::jsonb ->> 'assignment_version', payload::jsonb ->> 'version') AS int)
                    AS version
                FROM outbox WHERE (payload::jsonb ? 'assignment_version'
                    AND type NOT LIKE '%.overran.%' AND type NOT LIKE '%.therapist-stood-down.%')
                    OR type LIKE '%.clearance-changed.%') v) w
        WHERE version <= before""",
    "a row other than what was last said of it": """
        WITH last AS (
            SELECT DISTINCT ON (aggregateid) CAST(aggregateid AS uuid) AS id, type, payload::jsonb AS said FROM outbox
            WHERE type ~ 'room\\.(assigned|reassigned|revoked|released)|session\\.(started|finished|at-risk)'
            ORDER BY aggregateid, seq DESC
        )
        SELECT coalesce(a.appointment_id, last.id) FROM last FULL JOIN assignments a ON a.appointment_id = last.id
        WHERE (a.appointment_id IS NOT NULL) <> coalesce(last.type !~ 'revoked|released|finished', false)
           OR a.appointment_id IS NOT NULL AND (CAST(last.said ->> 'room_id' AS uuid),
               CAST(last.said ->> 'assignment_version' AS int)) IS DISTINCT FROM (a.room_id, a.assignment_version)""",
    "an open lock-out without a repair to do, or a release that nothing proves": """
        SELECT l.id FROM lockouts l LEFT JOIN work_orders w ON w.lockout_id = l.id
        LEFT JOIN inspections i ON i.id = l.released_by
        WHERE w.id IS NULL OR l.released_by IS NOT NULL AND (i.bar_id <> l.bar_id OR i.result = 'fail'
            OR w.completed_at IS NULL OR i.recorded_by = w.repairer_subject)""",
}


async def broken(admin: "asyncpg.Connection[Any]") -> dict[str, list[str]]:
    """Each promise that is broken, with the ids; none, if all is well."""
    found = {}
    async with admin.transaction(isolation="repeatable_read", readonly=True):
        for promise, query in BROKEN.items():
            rows = await admin.fetch(query)
            if rows:
                found[promise] = [str(row[0]) for row in rows[:5]]
    return found
