"""When nobody acts: what begins soon and still needs another slot becomes the manager's, and is said once."""

from services.scheduling.handlers.facts import facts
from services.scheduling.settings import settings
from services.scheduling.store import escalations
from services.scheduling.store.appointments import from_row
from shared.events.scheduling import AppointmentEscalated
from shared.kit.database import Transaction


async def escalate(tx: Transaction) -> int:
    rows = await escalations.escalate(tx, settings().escalate_minutes)
    tx.announce(
        *(
            AppointmentEscalated(
                **facts(from_row(row)), attention_id=row.attention_id, kind=row.attention_kind, owner="manager"
            )
            for row in rows
        )
    )
    return len(rows)
