"""Sessions that run past their cleared turnover: the branch is told once, and what they run under is looked at."""

from services.room_equipment.store import overruns
from shared.events.room_equipment import SessionAtRisk, SessionOverran
from shared.kit.database import Transaction


async def tell_of_overruns(tx: Transaction) -> int:
    """Announce each session that overran once; mark those at risk whose room is no longer cleared.

    Their rooms stay theirs until somebody finishes them: the clock ends no session.
    """
    await overruns.lock_rooms(tx)
    late = await overruns.mark(tx)
    for row in late:
        tx.announce(
            SessionOverran(
                appointment_id=row.appointment_id, attempt=row.attempt, assignment_version=row.assignment_version,
                branch_id=row.branch_id, room_id=row.room_id, therapist_id=row.therapist_id,
                blocked_until=row.blocked_until, overran_at=row.overran_at, delayed_appointment_ids=row.delayed,
            )
        )  # fmt: skip
    uncovered = await overruns.mark_uncovered(tx)
    tx.announce(*(SessionAtRisk(**row._asdict()) for row in uncovered))
    return len(late) + len(uncovered)
