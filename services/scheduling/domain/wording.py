"""What a refusal says to a person: why, and what to do."""

WHY = {
    "slot_taken": "That time is taken. Choose one of the alternatives.",
    "therapist_unavailable": "No therapist is available then. Choose one of the alternatives.",
    "therapist_not_certified": "The certificate for this treatment does not reach past the session. Choose another.",
    "no_room_available": "No room is free then. Choose one of the alternatives.",
    "no_certified_room": "No room with inspected bars is free then. Choose one of the alternatives.",
    "room_not_certified": "This room's bars are not cleared for the whole session. Choose another room or time.",
    "room_closed": "This room is closed then. Choose another room or one of the alternatives.",
    "load_rating_exceeded": "The bars free then are not sufficient for this therapist. Choose one of the alternatives.",
    "load_profile_required": "The therapist needs a valid load profile first, or choose another.",
    "screening_required": "The client has to answer the screening questions first.",
    "screening_declined": "The client is not eligible for this treatment. Offer another one.",
    "screening_deferred": "The client is not eligible yet at that time. Choose a later one.",
    "clearance_required": "A professional's clearance is needed before this treatment can be booked.",
    "clearance_expires_before_session": "The clearance ends before the session does. Choose an earlier time.",
    "outside_opening_hours": "The branch is not open during the whole session. Choose one of the alternatives.",
    "nonexistent_local_time": "The branch's clock is put forward over that time. Choose another.",
    "ambiguous_local_time": "The branch's clock shows that time twice. Send one of the two as starts_at.",
    "beyond_horizon": "Shifts are not laid out so far ahead yet. Plan this date later.",
    "not_all_possible": "Another session asked for together with this one was refused, so nothing is booked.",
    "timed_out": "Nobody answered in time, and nothing is booked. Try again.",
}
