"""Load profiles: written, never read back. A changed one displaces what it no longer fits (rules: Load)."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from services.room_equipment.domain.load import Profile, State, load_of, measure, state_of
from services.room_equipment.handlers import rulebook
from services.room_equipment.handlers.announcing import announce_again
from services.room_equipment.handlers.displacement import Displaced, Plan, carry_out, find_rooms
from services.room_equipment.store import load_profiles, rooms
from shared.events.room_equipment import LoadProfileChanged
from shared.kit.audit import record as audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction


async def put(
    tx: Transaction, who: Principal, therapist_id: UUID, mass_kg: Decimal, measured_on: date
) -> tuple[Profile, State, Displaced]:
    """Measure a therapist. Her sessions to come are planned with the new load, or move, or are revoked."""
    before = await load_profiles.get(tx, therapist_id)
    today = await load_profiles.today(tx, therapist_id)
    book = await rulebook.book(tx)
    rules = book.of(None)
    profile = measure(mass_kg, measured_on, today, before.measured_on if before else None, rules)
    old = before.mass_kg if before else Decimal(0)
    low, high = min(old, mass_kg), max(old, mass_kg)
    limited = await load_profiles.rooms_limited_between(tx, low, high, *book.factors())
    branches = await load_profiles.branches_of(tx, therapist_id) + await rooms.branches_of(tx, limited)
    locked = await rooms.lock(tx, branches)
    book = await rulebook.book(tx)  # again: who changes a safety factor holds the rooms
    state = state_of(profile, today)
    load = load_of(mass_kg, book.of(None).safety_factor)
    version = await load_profiles.put(tx, therapist_id, mass_kg, load, measured_on, profile.valid_until, state)
    await audit(tx, who, "measured_load_profile", "therapist", therapist_id)
    tx.announce(LoadProfileChanged(therapist_id=therapist_id, version=version, state=state))
    await load_profiles.set_loads(tx, None, *book.factors(), therapist_id=therapist_id)
    plan = Plan(await rooms.moment(tx, [room.id for room in locked]))
    for row in await load_profiles.running_over(tx, therapist_id, *book.factors()):
        plan.rows[row.appointment_id] = row  # it keeps its room and what it was proven with, and the branch hears
        plan.at_risk_since[row.appointment_id] = plan.moment
        plan.result.at_risk.append(row.appointment_id)
    await find_rooms(tx, plan, locked, await load_profiles.overloaded(tx, therapist_id=therapist_id))
    await carry_out(tx, plan, "load_profile_changed")
    await announce_again(tx, limited)
    return profile, state, plan.result.seen_by(who, plan.rows)


async def state(tx: Transaction, therapist_id: UUID) -> tuple[Profile | None, State]:
    """Whether there is a usable profile; no number."""
    row = await load_profiles.get(tx, therapist_id)
    profile = Profile(row.mass_kg, row.valid_until) if row else None
    return profile, state_of(profile, await load_profiles.today(tx, therapist_id))
