"""Load profiles: written, never read back. A changed one displaces what it no longer fits (rules: Load)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from services.room_equipment.domain.houserules import HouseRules
from services.room_equipment.domain.load import Profile, State, measure, state_of
from services.room_equipment.handlers.announcing import announce_again
from services.room_equipment.handlers.displacement import Displaced, Plan, carry_out, find_rooms
from services.room_equipment.store import load_profiles, rooms
from shared.events.room_equipment import LoadProfileChanged
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction


async def put(
    tx: Transaction, who: Principal, therapist_id: UUID, mass_kg: Decimal, measured_on: date, rules: HouseRules
) -> tuple[Profile, State, Displaced]:
    """Measure a therapist. Her sessions to come are planned with the new load, or move, or are revoked."""
    before = await load_profiles.get(tx, therapist_id)
    today = datetime.now(UTC).date()
    profile = measure(mass_kg, measured_on, today, before.measured_on if before else None, rules)
    old = before.load_kg if before else Decimal(0)
    low, high = min(old, profile.load_kg), max(old, profile.load_kg)
    limited = await load_profiles.rooms_limited_between(tx, low, high)
    branches = await load_profiles.branches_of(tx, therapist_id) + await rooms.branches_of(tx, limited)
    locked = await rooms.lock(tx, branches)
    state = state_of(profile, today)
    version = await load_profiles.put(
        tx, therapist_id, mass_kg, profile.load_kg, measured_on, profile.valid_until, state
    )
    await audit(tx, who, "measured_load_profile", "therapist", therapist_id)
    tx.announce(LoadProfileChanged(therapist_id=therapist_id, version=version, state=state))
    await load_profiles.set_load(tx, therapist_id, profile.load_kg)
    plan = Plan(await rooms.moment(tx, []))
    lost = [
        row
        for row in await load_profiles.sessions_of(tx, therapist_id)
        if row.limit_kg is None or row.limit_kg < profile.load_kg
    ]
    await find_rooms(tx, plan, locked, lost)
    await carry_out(tx, plan, "load_profile_changed")
    await announce_again(tx, limited)
    return profile, state, plan.result


async def state(tx: Transaction, therapist_id: UUID) -> tuple[Profile | None, State]:
    """Whether there is a usable profile; no number."""
    row = await load_profiles.get(tx, therapist_id)
    profile = Profile(row.load_kg, row.valid_until) if row else None
    return profile, state_of(profile, datetime.now(UTC).date())
