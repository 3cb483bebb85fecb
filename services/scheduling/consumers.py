"""What scheduling hears."""

from services.scheduling.handlers.erasures import FORGOTTEN, on_forgotten
from services.scheduling.handlers.plans import on_judged
from services.scheduling.handlers.rooms import on_clearances, on_closures, on_load_profiles, on_rooms
from services.scheduling.handlers.saga import ANSWERS, on_answers
from services.scheduling.handlers.standings import on_standings
from shared.events.room_equipment import (
    LoadProfileChanged,
    RoomChanged,
    RoomClearanceChanged,
    RoomClosuresChanged,
    RoomRegistered,
)
from shared.events.screening import SeriesJudged, StandingChanged, StandingExpired
from shared.kit.inbox import Handlers, Ordered

HANDLERS: Handlers = {
    ANSWERS: Ordered(on_answers),
    (RoomRegistered, RoomChanged): on_rooms,
    RoomClearanceChanged: on_clearances,
    RoomClosuresChanged: on_closures,
    LoadProfileChanged: on_load_profiles,
    (StandingChanged, StandingExpired): on_standings,
    SeriesJudged: on_judged,
    FORGOTTEN: on_forgotten,
}
