"""A chain's own versions: drafted by one person, reviewed by another, withdrawn before they are asked.

A version is stored once and never edited; a correction is the next version. Each step is kept with who took it.
"""

from typing import Any

from services.screening.domain.errors import (
    MilderThanDefault,
    ProtocolExists,
    ReviewerIsAuthor,
    UnknownProtocol,
    UnsoundDraft,
    Untranslated,
    WrongState,
)
from services.screening.domain.floor import milder
from services.screening.domain.protocol import Protocol
from services.screening.domain.soundness import structure, untranslated
from services.screening.protocols import floor_of, parse
from services.screening.store import activations
from services.screening.store import protocols as store
from shared.errors import Forbidden, Invalid
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction


def of_the_chain(who: Principal) -> None:
    """A protocol is asked in every branch.

    Raises:
        Forbidden: the caller does not see every branch.
    """
    if who.branches is not None:
        raise Forbidden(
            "all_branches_needed", "Only a caller who sees every branch decides what is asked in all of them."
        )


async def draft(
    tx: Transaction, who: Principal, name: str, content: dict[str, Any], based_on: int | None, *, new: bool
) -> tuple[Any, Protocol]:
    """Store a draft as the next version, or of a `new` protocol as its first. It may lack translations; it may not
    lack an outcome.

    Raises:
        UnsoundDraft, Forbidden, ProtocolExists.
        UnknownProtocol: not new, and there is none of this name.
        Invalid: there is no version `based_on`.
    """
    of_the_chain(who)
    await store.lock(tx, name)
    known = bool(await store.versions(tx, name, None, 1))
    if new and known:
        raise ProtocolExists
    if not new and not known:
        raise UnknownProtocol
    if flaws := structure(parse(content | {"name": name, "version": 1})):
        raise UnsoundDraft(flaws)
    if based_on is not None:
        try:
            await store.version(tx, name, based_on)
        except UnknownProtocol:
            raise Invalid(
                "unknown_version", "There is no such version of this protocol.", pointer="/based_on"
            ) from None
    version = await store.insert(tx, name, content, based_on=based_on, author=who.subject)
    await audit.record(tx, who, "drafted_protocol", "protocol", f"{name}/{version}")
    return await store.version(tx, name, version), await store.get(tx, name, version)


async def submit(tx: Transaction, who: Principal, name: str, version: int, note: str) -> Any:
    """Give a draft to review: complete in every language, and nothing milder than the default's declines.

    Raises:
        UnknownProtocol, Untranslated, MilderThanDefault, WrongState, Forbidden.
    """
    await _in_state(tx, who, name, version, "submitted", "draft")
    check_may_be_asked(await store.get(tx, name, version))
    return await _take(tx, who, name, version, "submitted", note)


async def review(tx: Transaction, who: Principal, name: str, version: int, verdict: str, note: str) -> Any:
    """Another person has read it, and approves it or sends it back.

    Raises:
        UnknownProtocol, ReviewerIsAuthor, WrongState, Forbidden.
    """
    row = await _in_state(tx, who, name, version, "reviewed", "submitted")
    if who.subject in {row.author, *(step["actor"] for step in row.steps if step["step"] == "submitted")}:
        raise ReviewerIsAuthor
    return await _take(tx, who, name, version, verdict, note)


async def withdraw(tx: Transaction, who: Principal, name: str, version: int, note: str) -> Any:
    """Never to be asked, or not any more; one that is asked now ends only by the activation of another.

    Raises:
        UnknownProtocol, WrongState, Forbidden.
    """
    await _in_state(
        tx, who, name, version, "withdrawn", "draft", "submitted", "reviewed", "sent_back", "scheduled", "retired"
    )
    await activations.withdraw_scheduled(tx, name, version)
    return await _take(tx, who, name, version, "withdrawn", note)


def check_may_be_asked(protocol: Protocol) -> None:
    """
    Raises:
        UnsoundDraft, Untranslated, MilderThanDefault.
    """
    if flaws := structure(protocol):
        raise UnsoundDraft(flaws)
    if flaws := untranslated(protocol):
        raise Untranslated(flaws)
    if found := milder(protocol, floor_of(protocol.name)):
        raise MilderThanDefault(found)


async def _in_state(tx: Transaction, who: Principal, name: str, version: int, verb: str, *states: str) -> Any:
    of_the_chain(who)
    await store.lock(tx, name)
    row = await store.version(tx, name, version)
    if row.state not in states:
        raise WrongState(verb, row.state)
    return row


async def _take(tx: Transaction, who: Principal, name: str, version: int, step: str, note: str) -> Any:
    await store.step(tx, name, version, step, who.subject, note)
    await audit.record(tx, who, f"{step}_protocol", "protocol", f"{name}/{version}")
    return await store.version(tx, name, version)
