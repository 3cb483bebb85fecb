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
from services.screening.handlers.known import locked_client
from services.screening.protocols import choose_locale, shipped, words
from services.screening.store import clients, screenings
from services.screening.vault import Vault
from shared.events.screening import StandingChanged
from shared.kit.auth import Principal
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
    asked = current_protocol(protocol, protocol_version)
    if not advisory_acknowledged:
        raise AdvisoryRequired
    client = await locked_client(unit, who, client_id)
    if faults := answered.faults(asked, Section.STANDING, answers, client.today):
        raise InvalidAnswers(faults)
    tx = await unit.begin()
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
    tx.announce(
        StandingChanged(
            client_id=client_id,
            version=client.facts,
            protocol=asked.name,
            outcome=outcome.value,
            valid_until=standing.holds_until(),
        )
    )
    return Screened(id, client_id, asked, decision, standing, client.today)


def current_protocol(name: str, version: int) -> Protocol:
    """The protocol of a body, whose version must be the one asked now.

    Raises:
        UnknownReference: there is no such protocol, or no such version of it.
        ProtocolSuperseded: a newer version is asked by now.
    """
    try:
        current = shipped().get(name)
    except UnknownProtocol:
        raise UnknownReference("protocol", "protocol") from None
    try:
        asked = shipped().get(name, version)
    except UnknownProtocol:
        raise UnknownReference("protocol_version", "protocol_version") from None
    if asked.version != current.version:
        raise ProtocolSuperseded(current.version)
    return asked
