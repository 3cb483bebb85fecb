"""What screening keeps of a person, for that person (GDPR Art. 15 and 20): opened once, and audited as one reading."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.screening import wording
from services.screening.domain.decision import Decision
from services.screening.domain.errors import ClientNotFound
from services.screening.domain.protocol import Protocol, Section
from services.screening.handlers.reading import Unsealed, limits_of, unseal
from services.screening.protocols import words
from services.screening.store import clients, exports, protocols, screenings
from services.screening.vault import ClientVault, Vault
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction

MOST = 10_000


@dataclass(frozen=True)
class Export:
    """JSON-ready parts, oldest first; `screenings` whose answers were erased have their decision only."""

    client_id: UUID
    at: datetime
    screenings: list[dict[str, Any]]
    arrivals: list[dict[str, Any]]
    standings: list[dict[str, Any]]
    acknowledgements: list[dict[str, Any]]
    readings: list[dict[str, Any]]
    invitations: list[dict[str, Any]]
    questionnaire_responses: list[dict[str, Any]]
    """The same answers as HL7 FHIR R4 resources, for who takes them elsewhere."""


async def export(tx: Transaction, vault: Vault, who: Principal, client_id: UUID, why: str, locale: str) -> Export:
    """
    Raises:
        ClientNotFound: unknown, erased, or in another branch.
    """
    branches = await clients.branches_of(tx, client_id)
    if branches is None or not who.sees_any(branches):
        raise ClientNotFound
    branch_id = next((branch for branch in branches if who.sees(branch)), None)
    await audit.record(tx, who, "exported", "client", client_id, branch_id=branch_id, reason=why or "export")
    kept = await clients.existing_vault(tx, vault, client_id)
    rows = await screenings.page_of_client(tx, client_id, None, None, MOST)
    doors = await exports.arrivals(tx, client_id) if kept else []
    responses: list[dict[str, Any]] = []
    return Export(
        client_id=client_id,
        at=await tx.scalar("SELECT clock_timestamp()"),
        screenings=[await _screening(tx, kept, row, locale, responses) for row in reversed(rows)],
        arrivals=[await _arrival(tx, kept, row, locale, responses) for row in doors if kept],
        standings=_plain(await exports.standings(tx, client_id)),
        acknowledgements=_plain(await exports.acknowledgements(tx, client_id)),
        readings=_plain(await exports.readings(tx, client_id)),
        invitations=_plain(await exports.invitations(tx, client_id)),
        questionnaire_responses=responses,
    )


async def _screening(
    tx: Transaction, kept: ClientVault | None, row: Any, locale: str, responses: list[dict[str, Any]]
) -> dict[str, Any]:
    fields = ("id", "protocol", "protocol_version", "outcome", "valid_until", "decided_at")
    shown: dict[str, Any] = {name: getattr(row, name) for name in fields}
    if kept is None or row.vault is None:
        return shown | {"erased": True}
    unsealed, protocol = await unseal(tx, kept, row), await _protocol(tx, row)
    content = unsealed.content
    responses.append(
        _response(
            row, protocol, Section.STANDING, content["answers"], locale, content["signed_at"], content["signed_by"]
        )
    )
    return shown | {
        "erased": False,
        "answers": _answers(protocol, unsealed.content["answers"], locale),
        "reasons": _reasons(unsealed, protocol, locale),
        "limits": [each.model_dump() for each in wording.limits(protocol, limits_of([unsealed.decision], []), locale)],
        **{name: unsealed.content[name] for name in ("advisory", "signed_by", "signed_at", "locale")},
        "clearances": [letter.content | {"id": letter.id} for letter in unsealed.letters],
    }


def _reasons(unsealed: Unsealed, protocol: Protocol, locale: str) -> list[dict[str, Any]]:
    decision: Decision = unsealed.decision
    return [reason.model_dump() for reason in wording.reasons(protocol, decision, unsealed.day, locale)]


def _response(
    row: Any,
    protocol: Protocol,
    section: Section,
    answers: dict[str, str],
    locale: str,
    authored: str,
    signed_by: dict[str, str] | None = None,
) -> dict[str, Any]:
    from services.screening import fhir  # 7 MB that only an export pays

    return fhir.response(
        protocol, section, answers, id=row.id, client_id=row.client_id, authored=authored, locale=locale,
        signed_by=signed_by,
    )  # fmt: skip


async def _arrival(
    tx: Transaction, kept: ClientVault, row: Any, locale: str, responses: list[dict[str, Any]]
) -> dict[str, Any]:
    fields = ("id", "appointment_id", "protocol", "protocol_version", "local_day", "answered_at", "declined")
    answers = kept.open("arrival", row.id, row.vault)["answers"]
    shown: dict[str, Any] = {name: getattr(row, name) for name in fields}
    protocol = await _protocol(tx, row)
    responses.append(_response(row, protocol, Section.ARRIVAL, answers, locale, row.answered_at.isoformat()))
    return shown | {"answers": _answers(protocol, answers, locale)}


async def _protocol(tx: Transaction, row: Any) -> Protocol:
    return await protocols.get(tx, row.protocol, row.protocol_version)


def _answers(protocol: Protocol, answers: dict[str, str], locale: str) -> list[dict[str, Any]]:
    """Each question as it was asked, with its answer: `answer` is what is stored, `said` the option in words."""
    texts = {question.id: words(question.text, locale) for question in protocol.questions}
    options = {(q.id, option.value): words(option.text, locale) for q in protocol.questions for option in q.options}
    return [
        {"question": id, "text": texts.get(id), "answer": answer, "said": options.get((id, answer), answer)}
        for id, answer in answers.items()
    ]


def _plain(rows: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in rows]
