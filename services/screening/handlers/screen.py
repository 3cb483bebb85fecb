"""Ask, decide, keep: a client's standing answers become a decision."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.screening.domain import answers as answered
from services.screening.domain.decision import Decision, decide
from services.screening.domain.errors import (
    AdvisoryRequired,
    InvalidAnswers,
    ProtocolSuperseded,
    UnknownProtocol,
    UnknownReference,
)
from services.screening.domain.protocol import Protocol, Section
from services.screening.domain.standing import Standing
from services.screening.handlers.announcing import standing_changed
from services.screening.handlers.known import locked_client
from services.screening.protocols import choose_locale, words
from services.screening.store import clients, protocols, screenings
from services.screening.vault import Vault
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id
from shared.kit.unit import UnitOfWork


@dataclass(frozen=True)
class Screened:
    """A decision just taken, for the caller who may read it."""

    id: UUID
    client_id: UUID
    protocol: Protocol
    decision: Decision
    standing: Standing
    day: date


async def screen(
    unit: UnitOfWork,
    vault: Vault,
    who: Principal,
    *,
    client_id: UUID,
    protocol: str,
    protocol_version: int,
    answers: dict[str, str],
    advisory_acknowledged: bool,
    signed_by: dict[str, Any],
    locale: str | None,
) -> Screened:
    """Decide on a client's answers and make that the standing for every later booking.

    Raises:
        UnknownReference, ClientNotFound, ProtocolSuperseded, AdvisoryRequired, InvalidAnswers.
    """
    if not advisory_acknowledged:
        raise AdvisoryRequired
    client = await locked_client(unit, who, client_id)
    # Read once the client is locked: a re-run that is over with this client has then been seen, a later one waits.
    tx = await unit.begin()
    asked = await current_protocol(tx, protocol, protocol_version)
    if faults := answered.faults(asked, Section.STANDING, answers, client.today):
        raise InvalidAnswers(faults)
    decision = decide(asked, Section.STANDING, answers)
    standing = Standing.decided(decision, asked, client.today)
    id, shown = new_id(), choose_locale(locale)
    kept = await clients.vault_of(tx, vault, client)
    sealed = kept.seal("screening", id, {
        "answers": answers,
        "day": client.today,
        "advisory": words(asked.advisory, shown),
        "signed_by": signed_by,
        "signed_at": client.now,
        "locale": shown,
    })  # fmt: skip
    outcome = standing.outcome_on(client.today)
    await screenings.insert(
        tx,
        client,
        standing,
        id=id,
        protocol=asked.name,
        protocol_version=asked.version,
        outcome=outcome,
        recorded_by=who.subject,
        vault=sealed,
    )
    tx.announce(standing_changed(client, asked.name, standing))
    return Screened(id, client_id, asked, decision, standing, client.today)


async def current_protocol(tx: Transaction, name: str, version: int) -> Protocol:
    """The protocol of a body, whose version must be the one asked now.

    Raises:
        UnknownReference: there is no such protocol, or no such version of it.
        ProtocolSuperseded: a newer version is asked by now.
    """
    try:
        current = await protocols.get(tx, name)
    except UnknownProtocol:
        raise UnknownReference("protocol", "protocol") from None
    try:
        if version != current.version:
            await protocols.get(tx, name, version)
            raise ProtocolSuperseded(current.version)
    except UnknownProtocol:
        raise UnknownReference("protocol_version", "protocol_version") from None
    return current
