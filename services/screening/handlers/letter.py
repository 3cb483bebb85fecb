"""A professional's letter is recorded, and may change the standing."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.screening.domain.clearance import Verdict, accept
from services.screening.domain.errors import Erased, Superseded
from services.screening.domain.standing import Standing
from services.screening.handlers.known import locked_client
from services.screening.handlers.reading import visible
from services.screening.protocols import shipped
from services.screening.store import clients, screenings
from services.screening.vault import Vault
from shared.events.screening import StandingChanged
from shared.kit.auth import Principal
from shared.kit.ids import new_id
from shared.kit.unit import UnitOfWork


@dataclass(frozen=True)
class Lettered:
    """A letter that was taken, and the standing with it. `valid_until`: how long it holds here."""

    id: UUID
    valid_until: date | None
    standing: Standing
    day: date


async def record(
    unit: UnitOfWork,
    vault: Vault,
    who: Principal,
    screening_id: UUID,
    *,
    verdict: Verdict,
    issued_on: date,
    valid_until: date | None,
    content: dict[str, Any],
) -> Lettered:
    """Take a letter for the client's present screening. `content` is sealed as it stands; it names the `limits`.

    Raises:
        ScreeningNotFound, Erased, Superseded, DeclineStands, AnswersUnsure, Invalid.
    """
    row = await visible(await unit.begin(), who, screening_id)
    client = await locked_client(unit, who, row.client_id)
    tx = await unit.begin()
    present = await screenings.current(tx, row.client_id, row.protocol)
    if present is None or row.vault is None:
        raise Erased
    if present.screening_id != screening_id:
        raise Superseded
    standing = accept(
        screenings.standing_of(present),
        shipped().get(row.protocol, row.protocol_version),
        verdict=verdict,
        limits=content["limits"],
        issued_on=issued_on,
        valid_until=valid_until,
        today=client.today,
    )
    id = new_id()
    kept = await clients.vault_of(tx, vault, client)
    terms = {"verdict": verdict.value, "issued_on": issued_on, "valid_until": standing.letter_until}
    await screenings.insert_letter(
        tx,
        client,
        standing,
        id=id,
        screening_id=screening_id,
        protocol=row.protocol,
        recorded_by=who.subject,
        vault=kept.seal("clearance", id, content | terms),
    )
    tx.announce(
        StandingChanged(
            client_id=client.id,
            version=client.facts,
            protocol=row.protocol,
            outcome=standing.outcome_on(client.today).value,
            valid_until=standing.holds_until(),
        )
    )
    return Lettered(id, standing.letter_until, standing, client.today)
