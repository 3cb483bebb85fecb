"""/v1/clients/{id}/export: what scheduling keeps of a person, for that person (GDPR Art. 15 and 20)."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from services.scheduling.api.places import Reader
from services.scheduling.handlers import people
from services.scheduling.schemas.resources import Client
from services.scheduling.store import exports
from shared.kit import audit
from shared.kit.body import Answer
from shared.kit.unit import Tx, router

routes = router("/v1/clients", "people")


class Export(Answer):
    """`appointments` with their notes and history, and `attention`: what about them needed a
    person. `standings`: screening's word for each protocol, and until when; why is screening's to export."""

    exported_at: datetime
    client: Client
    appointments: list[dict[str, Any]]
    attention: list[dict[str, Any]]
    holds: list[dict[str, Any]]
    series: list[dict[str, Any]]
    standings: list[dict[str, Any]]
    waitlist: list[dict[str, Any]]


@routes.get("/{client_id}/export")
async def export(
    client_id: UUID,
    who: Reader,
    tx: Tx,
    why: Annotated[str, Query(alias="reason", max_length=500, description="It is audited.")] = "",
) -> Export:
    """Everything kept here of a client. Health answers are screening's, messages notification's. Audited."""
    row = await people.visible_client(tx, who, client_id)
    branch_id = next((branch for branch in row.branch_ids if who.sees(branch)), None)
    await audit.record(tx, who, "exported", "client", client_id, branch_id=branch_id, reason=why)
    shown = {**row._mapping, "branch_ids": [id for id in row.branch_ids if who.sees(id)]}
    return Export(
        exported_at=datetime.now(UTC),
        client=Client.model_validate(shown),
        **await exports.of_client(tx, client_id, who.branch_list),
    )
