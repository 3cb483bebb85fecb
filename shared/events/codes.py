"""Why a session was rejected or refused. Codes stay; others may be added, none reused for something else."""

from enum import StrEnum


class Refusal(StrEnum):
    SLOT_TAKEN = "slot_taken"
    THERAPIST_UNAVAILABLE = "therapist_unavailable"
    THERAPIST_NOT_CERTIFIED = "therapist_not_certified"
    NO_ROOM_AVAILABLE = "no_room_available"
    NO_CERTIFIED_ROOM = "no_certified_room"
    ROOM_NOT_CERTIFIED = "room_not_certified"
    ROOM_CLOSED = "room_closed"
    LOAD_RATING_EXCEEDED = "load_rating_exceeded"
    LOAD_PROFILE_REQUIRED = "load_profile_required"
    SCREENING_REQUIRED = "screening_required"
    SCREENING_DECLINED = "screening_declined"
    SCREENING_DEFERRED = "screening_deferred"
    CLEARANCE_REQUIRED = "clearance_required"
    CLEARANCE_EXPIRES_BEFORE_SESSION = "clearance_expires_before_session"
    LIMITS_NOT_ACKNOWLEDGED = "limits_not_acknowledged"
    APPOINTMENT_UNPROVEN = "appointment_unproven"
    SCREENING_UNPROVEN = "screening_unproven"
    TOO_EARLY = "too_early"
    ROOM_OCCUPIED = "room_occupied"
    THERAPIST_MISMATCH = "therapist_mismatch"
    PRE_USE_CHECK_FAILED = "pre_use_check_failed"
    NOT_FIT_TO_PERFORM = "not_fit_to_perform"
    OUTSIDE_OPENING_HOURS = "outside_opening_hours"
    NONEXISTENT_LOCAL_TIME = "nonexistent_local_time"
    AMBIGUOUS_LOCAL_TIME = "ambiguous_local_time"
    HOLD_EXPIRED = "hold_expired"
    TIMED_OUT = "timed_out"
    NOT_ALL_POSSIBLE = "not_all_possible"


class GapReason(StrEnum):
    """Why a room is not cleared for a stretch of time (rules: Rooms, bars, clearance)."""

    NO_BAR = "no_bar"
    TOO_FEW_BARS = "too_few_bars"
    NEVER_INSPECTED = "never_inspected"
    LAPSED = "lapsed"
    FAILED = "failed"
    LOCKED_OUT = "locked_out"
    OUT_OF_SERVICE = "out_of_service"
    CLOSED = "closed"
