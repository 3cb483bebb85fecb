"""`/v1/load-profiles`: written, never read back."""

from uuid import UUID

from services.room_equipment.handlers import found
from services.room_equipment.handlers import load_profiles as handlers
from services.room_equipment.schemas.assignments import LoadProfileAnswer, LoadProfileChangeAnswer, NewLoadProfile
from services.room_equipment.store import projections
from shared.errors import Invalid, NotFound
from shared.kit.auth import Principal, requires
from shared.kit.unit import Unit, UnitOfWork, router

load_profiles = router("/v1/load-profiles", "load profiles")


@load_profiles.put("/{therapist_id}")
async def put(
    unit: Unit, therapist_id: UUID, body: NewLoadProfile, who: Principal = requires("rooms:load-profile")
) -> LoadProfileChangeAnswer:
    """Record a measurement. Sessions that no longer fit are moved or put to a person; says which, and no number."""
    await _must_see(unit, who, therapist_id)
    profile, state, result = await handlers.put(await unit.begin(), who, therapist_id, body.mass_kg, body.measured_on)
    said = {"state": state, "valid_until": profile.valid_until}
    return LoadProfileChangeAnswer.model_validate(said | result.lists())


@load_profiles.get("/{therapist_id}")
async def show(unit: Unit, therapist_id: UUID, who: Principal = requires("rooms:load-profile")) -> LoadProfileAnswer:
    """Whether there is a usable profile, and until when; no number of it."""
    await _must_see(unit, who, therapist_id)
    profile, state = await handlers.state(await unit.begin(), therapist_id)
    return LoadProfileAnswer(state=state, valid_until=profile.valid_until if profile else None)


async def _must_see(unit: UnitOfWork, who: Principal, therapist_id: UUID) -> None:
    missing = NotFound("therapist_not_found", "There is no such therapist.")
    try:
        therapist = await found.known(unit, projections.therapist, therapist_id, "therapist")
    except Invalid:
        raise missing from None
    if not who.sees_any(therapist.branch_ids):
        raise missing
