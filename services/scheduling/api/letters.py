"""What notification asks right before it writes to a client: where they can choose, and what else would suit them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from services.scheduling.api.choices import links_of
from services.scheduling.api.places import Reader
from services.scheduling.handlers import choices
from services.scheduling.schemas.letters import ChoiceLink, SuitableTreatments
from services.scheduling.settings import settings
from services.scheduling.store import alternatives
from services.scheduling.store import choices as store
from shared.kit.auth import Principal, requires
from shared.kit.paging import Page
from shared.kit.unit import Tx, router

routes = router("/v1", "letters")
Ids = Annotated[list[UUID], Query(min_length=1, max_length=200, description="Appointments.")]
Linker = Annotated[Principal, requires("scheduling:links")]


@routes.get("/choices")
async def list_choices(who: Linker, tx: Tx, request: Request, id: Ids) -> Page[ChoiceLink]:
    """Of these appointments those that wait for their client's choice, each with the link to it until its start.

    Who has such a link can answer in the client's name; hence the scope.
    """
    links = links_of(request)
    if not links.keys[0]:  # a mail without a link is better than none
        return Page(items=[])
    rows = await store.linked(tx, id, who.branch_list)
    return Page(
        items=[
            ChoiceLink(
                id=row.appointment_id,
                address=links.address(choices.PATH, row.item_id, row.starts_at),
                ends_at=row.starts_at,
            )
            for row in rows
        ]
    )


@routes.get("/suitable-treatments")
async def list_suitable(who: Reader, tx: Tx, id: Ids) -> Page[SuitableTreatments]:
    """For the client of each of these appointments, other treatments of its branch that suit them today."""
    return Page(
        items=[
            SuitableTreatments.model_validate({"id": row.id, "treatments": found})
            for row in await store.sessions(tx, id, who.branch_list)
            for found in [
                await alternatives.suitable(
                    tx, row.client_id, row.branch_id, row.treatment_id, row.today, settings().offered_treatments
                )
            ]
        ]
    )
