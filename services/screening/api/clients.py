"""`/v1/clients/{id}`: where a client stands, and being forgotten."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.screening.domain.protocol import Outcome
from services.screening.handlers.erase import erase_answers
from services.screening.handlers.standing import stands
from services.screening.schemas import StandingAnswer
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.unit import Tx, router

clients = router("/v1/clients", "clients")


@clients.get("/{client_id}/standing")
async def standing(
    tx: Tx,
    client_id: UUID,
    protocol: Annotated[str | None, Query(max_length=100)] = None,
    appointment_id: UUID | None = None,
    who: Principal = requires("screening:read"),
) -> StandingAnswer:
    """Where a client stands for a protocol now; with `appointment_id`, whether that session may start."""
    if protocol is None and appointment_id is None:
        raise Invalid("protocol_required", "Name the protocol, or the appointment.")
    found = await stands(tx, who, client_id, protocol, appointment_id)
    held = found.standing
    return StandingAnswer(
        client_id=client_id,
        protocol=found.protocol,
        screening_id=found.row.screening_id if held else None,
        protocol_version=found.row.protocol_version if held else None,
        outcome=found.outcome,
        valid_until=held.valid_until if held else None,
        deferred_until=held.deferred_until if held and found.outcome is Outcome.DEFERRED else None,
        clearance_valid_until=held.letter_until if held else None,
        code=found.block.value if found.block else None,
        appointment_id=appointment_id,
        arrival_answered=found.arrival_answered,
        limits_acknowledged=found.limits_acknowledged,
        allowed_to_start=found.allowed_to_start,
    )


@clients.delete("/{client_id}", status_code=204)
async def erase(tx: Tx, client_id: UUID, who: Principal = requires("screening:write")) -> None:
    """Erase what screening keeps of a client: the key is destroyed. Decisions stay, without their reasons."""
    await erase_answers(tx, who, client_id)
