"""What scheduling does by the clock."""

from datetime import timedelta

from services.scheduling.handlers import clocks
from shared.kit.jobs import Job

JOBS = [
    Job("scheduling.time-out", timedelta(seconds=1), clocks.time_out),
    Job("scheduling.fill-proposals", timedelta(seconds=2), clocks.fill_proposals),
    Job("scheduling.give-up-displaced", timedelta(seconds=15), clocks.give_up_displaced),
    Job("scheduling.sweep-holds", timedelta(seconds=30), clocks.sweep_holds),
    Job("scheduling.extend-shifts", timedelta(hours=1), clocks.extend_shifts),
]
