"""What scheduling does by the clock."""

from datetime import timedelta

from services.scheduling.handlers import (
    clocks,
    closures,
    escalations,
    following,
    line,
    plans,
    reopening,
    series,
    together,
    zones,
)
from shared.kit.jobs import Job

JOBS = [
    Job("scheduling.time-out", timedelta(seconds=1), clocks.time_out),
    Job("scheduling.give-up-parties", timedelta(seconds=1), together.give_up),
    Job("scheduling.fill-proposals", timedelta(seconds=2), clocks.fill_proposals),
    Job("scheduling.escalate", timedelta(seconds=15), escalations.escalate),
    Job("scheduling.give-up-displaced", timedelta(seconds=15), clocks.give_up_displaced),
    Job("scheduling.keep-closed", timedelta(seconds=1), closures.keep_closed),
    Job("scheduling.go-on-reopening", timedelta(seconds=1), reopening.go_on),
    Job("scheduling.waitlist", timedelta(seconds=1), line.move_on, drains=True),
    Job("scheduling.look-everywhere", timedelta(hours=1), line.look_everywhere),
    Job("scheduling.zone-rules", timedelta(minutes=10), zones.look),
    Job("scheduling.follow-wall-time", timedelta(seconds=2), following.move_on),
    Job("scheduling.go-on-with-series", timedelta(seconds=2), series.go_on),
    Job("scheduling.forget-plans", timedelta(hours=1), plans.forget),
    Job("scheduling.sweep-holds", timedelta(seconds=30), clocks.sweep_holds),
    Job("scheduling.extend-shifts", timedelta(hours=1), clocks.extend_shifts),
]
