"""What identity does by the clock."""

from datetime import timedelta

from services.identity import store
from shared.kit.jobs import Job

JOBS = [Job("identity.forget-old-failures", timedelta(minutes=5), store.forget_old_failures)]
