"""`POST /v1/appointments/{id}/reschedule`: a new slot, or the old appointment untouched."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.scheduling.api import answers
from services.scheduling.api.appointments import OUTCOMES, Prefer, acted_on
from services.scheduling.api.places import Writer
from services.scheduling.domain.appointment import Appointment, Status
from services.scheduling.domain.errors import WrongStatus
from services.scheduling.handlers import desk, reschedule
from services.scheduling.handlers.reschedule import Move
from services.scheduling.schemas import bookings as shapes
from services.scheduling.store import appointments as store
from services.scheduling.waiting import SETTLED
from shared.kit import problems
from shared.kit.auth import Principal
from shared.kit.unit import Unit, UnitOfWork, router

routes = router("/v1/appointments", "appointments")


@routes.post("/{appointment_id}/reschedule", responses={202: OUTCOMES[202]}, response_model=shapes.Appointment)
async def move(
    appointment_id: UUID, body: shapes.Reschedule, who: Writer, unit: Unit, request: Request, prefer: Prefer = None
) -> Response:
    """Move it to another time, therapist, room or branch. The old slot is kept until the new one is certain.

    409 carries the refusal's `code`, the `appointment_id` and `alternatives`; the appointment then stands as it was.
    """
    if unit.replayed is not None:
        return await _outcome(unit, who, unit.replayed, await _wanted(unit, who, unit.replayed))
    tx = await unit.begin()
    appointment = await acted_on(tx, who, appointment_id, request)
    wish = body.model_dump(exclude={"starts_at_local"}) | {"starts_local": body.starts_at_local}
    await reschedule.ask(tx, who, appointment, Move(**wish, given=frozenset(body.model_fields_set)))
    wanted = appointment.branch_id, appointment.starts_at
    with SETTLED.expect(appointment_id, appointment.version) as outcome:
        await unit.commit(resource_id=appointment_id)
        with suppress(TimeoutError):
            await asyncio.wait_for(outcome, answers.wait_seconds(prefer))
    return await _outcome(unit, who, appointment_id, wanted)


async def _wanted(unit: UnitOfWork, who: Principal, id: UUID) -> Any:
    row = await desk.visible(await unit.begin(), who, id)
    return row.branch_id, row.starts_at


async def _outcome(unit: UnitOfWork, who: Principal, id: UUID, wanted: Any) -> Response:
    """What became of it, by its present state: at the new slot, still being asked, or as it was with the reason."""
    row = await desk.visible(await unit.begin(), who, id)
    appointment = store.from_row(row)
    if appointment.status is Status.PENDING:
        return answers.booked(answers.of_row(row))
    if appointment.code is not None:
        return await answers.kept(unit, appointment, *wanted)
    if not _stands(appointment):  # it ended, or its session began, while the new slot was asked for
        return problems.of(WrongStatus("rescheduled", appointment.status))
    return answers.state(answers.of_row(row))


def _stands(a: Appointment) -> bool:
    return a.status in (Status.CONFIRMED, Status.CHECKED_IN, Status.NEEDS_ATTENTION)
