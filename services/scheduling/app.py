"""Scheduling, put together."""

from services.scheduling.api import (
    alternatives,
    appointments,
    attention,
    availability,
    calendars,
    choices,
    closures,
    daysheets,
    erasures,
    exports,
    group_slots,
    groups,
    holds,
    letters,
    offers,
    people,
    places,
    policies,
    reports,
    reschedule,
    series,
    waitlist,
    zones,
)
from services.scheduling.consumers import HANDLERS
from services.scheduling.jobs import JOBS
from services.scheduling.settings import Settings
from services.scheduling.waiting import SETTLED
from shared.kit.service import Service

SERVICE = Service(
    name="scheduling",
    settings=Settings,
    routers=[
        calendars.routes,  # before appointments: its `{id}.ics` is no id
        appointments.routes,
        reports.routes,
        daysheets.routes,
        reschedule.routes,
        holds.routes,
        groups.routes,
        series.routes,
        waitlist.routes,
        offers.letters,
        offers.pages,
        policies.routes,
        availability.routes,
        group_slots.routes,
        attention.routes,
        letters.routes,
        choices.pages,
        alternatives.routes,
        people.routes,
        places.routes,
        closures.routes,
        zones.routes,
        exports.routes,
        erasures.routes,
    ],
    handlers=HANDLERS,
    jobs=JOBS,
    resources=[SETTLED.listening],
    description="Branches, treatments, therapists, shifts, clients, availability and the booking saga.",
)
