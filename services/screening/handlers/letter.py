"""A professional's letter is recorded, and may change the standing."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.screening.domain.clearance import Verdict, accept
from services.screening.domain.errors import Erased, Superseded
from services.screening.domain.redeciding import letter_reasons
from services.screening.domain.standing import Standing
from services.screening.handlers.announcing import standing_changed
from services.screening.handlers.known import locked_client
from services.screening.handlers.reading import unseal, visible
from services.screening.store import clients, protocols, screenings
from services.screening.vault import Vault
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
    row = await visible(tx, who, screening_id)  # as it is now that the client is locked
    present = await screenings.current(tx, row.client_id, row.protocol)
    if present is None or row.vault is None:
        raise Erased
    if present.screening_id != screening_id:
        raise Superseded
    standing = accept(
        screenings.standing_of(present),
        await protocols.get(tx, row.protocol, present.protocol_version),
        verdict=verdict,
        limits=content["limits"],
        issued_on=issued_on,
        valid_until=valid_until,
        today=client.today,
    )
    id = new_id()
    kept = await clients.vault_of(tx, vault, client)
    about = letter_reasons((await unseal(tx, kept, row)).now)  # a later version may ask for more than it speaks of
    terms = {"verdict": verdict.value, "issued_on": issued_on, "valid_until": standing.letter_until,
             "about": sorted(about)}  # fmt: skip
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
    tx.announce(standing_changed(client, row.protocol, standing))
    return Lettered(id, standing.letter_until, standing, client.today)
