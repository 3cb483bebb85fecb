"""Opening the vault: what was answered, why it was decided so, and what the therapist must leave out.

Reasons and limits are not stored: the same answers and version give the same decision for ever. A screening is shown
as it was decided; what its answers mean under the version that was activated since stands beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.screening.domain.decision import Decision, decide
from services.screening.domain.errors import ScreeningNotFound
from services.screening.domain.protocol import Protocol, Section
from services.screening.store import appointments, clients, protocols, screenings
from services.screening.vault import ClientVault, Vault
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction

ANSWERS, LIMITS = "screening:answers", "screening:limits"

Limit = tuple[str, str | None]
"""A limit's code, and the professional's own words where a letter set it."""


@dataclass(frozen=True)
class Letter:
    """A professional's letter, opened; `content` is what was recorded, without the document's bytes."""

    id: UUID
    content: dict[str, Any]


@dataclass(frozen=True)
class Unsealed:
    """What the vault holds of one screening."""

    content: dict[str, Any]
    decision: Decision
    letters: list[Letter]
    protocol: Protocol
    now: Decision
    """The decision of the version the standing is under, which a later activation may have re-run."""

    @property
    def day(self) -> date:
        """The client's local day of the answers."""
        return date.fromisoformat(self.content["day"])

    @property
    def limits(self) -> list[Limit]:
        return limits_of([self.now], self.letters)


@dataclass(frozen=True)
class Seen:
    """A screening as one caller may see it. `unsealed` and `limits` are None where they may not, or it is erased."""

    row: Any
    protocol: Protocol
    unsealed: Unsealed | None = None
    limits: list[Limit] | None = None
    standing_protocol: Protocol | None = None
    """Whose words the limits have."""


async def visible(tx: Transaction, who: Principal, id: UUID) -> Any:
    """The row of a screening whose client the caller sees.

    Raises:
        ScreeningNotFound: there is none, or its client is in another branch.
    """
    row = await screenings.read(tx, id)
    if row is None or not who.sees_any(row.branch_ids):
        raise ScreeningNotFound
    return row


async def read(tx: Transaction, vault: Vault, who: Principal, id: UUID, reason: str) -> Seen:
    """A screening: all of it with `screening:answers`, its limits for the therapist of the session, else the decision.

    Each opening of the vault is audited.

    Raises:
        ScreeningNotFound.
    """
    row = await visible(tx, who, id)
    protocol = await protocols.get(tx, row.protocol, row.protocol_version)
    may_answers, may_limits = ANSWERS in who.scopes, await _own_session(tx, who, row)
    kept = await clients.existing_vault(tx, vault, row.client_id) if may_answers or may_limits else None
    if kept is None or row.vault is None:
        return Seen(row, protocol)
    await audit_reading(tx, who, "read_answers" if may_answers else "read_limits", row, reason)
    unsealed = await unseal(tx, kept, row)
    limits = limits_of([unsealed.now, *await _latest_at_the_door(tx, kept, row)], unsealed.letters)
    return Seen(row, protocol, unsealed if may_answers else None, limits, unsealed.protocol)


async def unseal(tx: Transaction, kept: ClientVault, row: Any) -> Unsealed:
    """Everything the vault holds of a screening that is not erased."""
    content = kept.open("screening", row.id, row.vault)
    protocol = await protocols.get(tx, row.protocol, row.protocol_version)
    decision = now = decide(protocol, Section.STANDING, content["answers"])
    if row.standing_version not in (None, row.protocol_version):
        protocol = await protocols.get(tx, row.protocol, row.standing_version)
        now = decide(protocol, Section.STANDING, content["answers"])
    letters = [Letter(e.id, kept.open("clearance", e.id, e.vault)) for e in await screenings.letters(tx, row.id)]
    return Unsealed(content, decision, letters, protocol, now)


def limits_of(decisions: Iterable[Decision], letters: Sequence[Letter]) -> list[Limit]:
    """The limits of all of them, each once."""
    codes: list[Limit] = [(code, None) for decision in decisions for code in decision.limits]
    written: list[Limit] = [("letter", text) for letter in letters for text in letter.content["limits"]]
    return list(dict.fromkeys([*codes, *written]))


async def door_decision(tx: Transaction, kept: ClientVault, row: Any) -> Decision:
    """What a row of `arrivals` was decided as."""
    protocol = await protocols.get(tx, row.protocol, row.protocol_version)
    return decide(protocol, Section.ARRIVAL, kept.open("arrival", row.id, row.vault)["answers"])


async def audit_reading(tx: Transaction, who: Principal, action: str, row: Any, reason: str) -> None:
    """Who opened whose vault, and why."""
    branch_id = next((branch for branch in row.branch_ids if who.sees(branch)), None)
    await audit.record(tx, who, action, "screening", row.id, branch_id=branch_id, reason=reason)


async def audit_telling(tx: Transaction, who: Principal, client_id: UUID, reason: str) -> None:
    """Who decides with the right to read answers is told the reasons at once: a reading like any other."""
    branches = await clients.branches_of(tx, client_id) or []
    branch_id = next((branch for branch in branches if who.sees(branch)), None)
    await audit.record(tx, who, "read_answers", "client", client_id, branch_id=branch_id, reason=reason)


async def _own_session(tx: Transaction, who: Principal, row: Any) -> bool:
    if LIMITS not in who.scopes or who.therapist_id is None:
        return False
    return await appointments.treats(tx, who.therapist_id, row.client_id, row.protocol)


async def _latest_at_the_door(tx: Transaction, kept: ClientVault, row: Any) -> list[Decision]:
    latest = await appointments.latest_arrival(tx, row.client_id, row.protocol)
    return [await door_decision(tx, kept, latest)] if latest is not None and row.is_current else []
