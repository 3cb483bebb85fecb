"""What room-equipment listens to."""

from services.room_equipment.handlers.projections import on_branch, on_client_erased, on_therapist, on_treatment
from services.room_equipment.handlers.requests import on_displaced, on_ended, on_move_requested, on_requested
from shared.events import scheduling
from shared.kit.inbox import Handlers

HANDLERS: Handlers = {
    scheduling.AppointmentRequested: on_requested,
    scheduling.AppointmentMoveRequested: on_move_requested,
    (scheduling.AppointmentRejected, scheduling.AppointmentCancelled, scheduling.AppointmentNoShow): on_ended,
    scheduling.AppointmentDisplaced: on_displaced,
    (scheduling.BranchRegistered, scheduling.BranchChanged): on_branch,
    (scheduling.TreatmentRegistered, scheduling.TreatmentChanged): on_treatment,
    (scheduling.TherapistRegistered, scheduling.TherapistChanged): on_therapist,
    scheduling.ClientErased: on_client_erased,
}
