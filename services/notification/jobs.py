"""What notification does by the clock. Sending is not among it: see sender.py."""

from datetime import timedelta

from services.notification import store
from services.notification.settings import settings
from shared.kit.database import Transaction
from shared.kit.jobs import Job


async def _forget_old_messages(tx: Transaction) -> int:
    return await store.forget_old(tx, settings().kept_days)


JOBS = [Job("notification.forget-old-messages", timedelta(hours=1), _forget_old_messages)]
