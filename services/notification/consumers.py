"""What notification listens to. A rejected booking writes to nobody: who asked for it has the answer already."""

from services.notification import handlers
from shared.events import room_equipment, scheduling, screening
from shared.kit.inbox import Handlers

HANDLERS: Handlers = {
    (
        scheduling.AppointmentConfirmed,
        scheduling.AppointmentRescheduled,
        scheduling.AppointmentCancelled,
        scheduling.AppointmentDisplaced,
        scheduling.AppointmentEscalated,
        scheduling.AppointmentCallRequested,
    ): handlers.on_appointment,
    scheduling.WaitlistOffered: handlers.on_waitlist_offer,
    room_equipment.SessionAtRisk: handlers.on_session_at_risk,
    screening.StandingEnding: handlers.on_standing_ending,
    screening.InvitationIssued: handlers.on_invitation,
    (
        room_equipment.BarInspectionDue,
        room_equipment.BarInspectionExpired,
        room_equipment.EquipmentInspectionDue,
        room_equipment.EquipmentInspectionExpired,
    ): handlers.on_inspection,
    room_equipment.SessionOverran: handlers.on_session_overran,
    (scheduling.ClientRegistered, scheduling.ClientChanged, scheduling.ClientErased): handlers.on_client,
}
