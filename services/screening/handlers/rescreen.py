"""Re-running standing decisions under a version that has just become the asked one, a batch of clients at a time.

A batch is one transaction: standings, counts, who changed, events and the cursor commit together, so that a run which
is interrupted goes on where it was, and nobody is decided or announced twice. Answers are opened in memory only; what
is written is outcomes. Nobody reads along, so the audit log gets one line a run and none a client.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta, timezone
from typing import Any
from uuid import UUID

from services.screening.domain.calendar import local_day, zone
from services.screening.domain.decision import decide
from services.screening.domain.errors import Unreadable
from services.screening.domain.protocol import Protocol, Section
from services.screening.domain.redeciding import Direction, LetterTerms, direction, letter_reasons, redecided
from services.screening.domain.standing import Standing
from services.screening.store import activations, protocols, redecisions
from services.screening.store.screenings import standing_of
from services.screening.vault import ClientVault, Vault, WrappedKey
from shared.events.screening import StandingChanged
from shared.kit import audit, logging
from shared.kit.database import Transaction

BATCH = 500
_BREATH = 25  # clients between two looks at the loop: a request in this process waits a few milliseconds at most
_EVERYWHERE = timezone(timedelta(hours=-12))  # where a day ends last
log = logging.get(__name__)


@dataclass(frozen=True)
class Redecided:
    """One client's standing before and after. `bump`: what a therapist acknowledged may have changed with it."""

    client_id: UUID
    before: Standing
    after: Standing
    direction: Direction
    bump: bool
    today: date


async def next_batch(tx: Transaction, vault: Vault, limit: int = BATCH) -> bool:
    """Re-decide the next clients of the activation whose turn it is; False when there is nothing to do."""
    run = await activations.claim(tx)
    if run is None:
        return False
    day = run.now.astimezone(_EVERYWHERE).date()
    if run.state == "scheduled":
        await activations.begin(tx, run.id, day)
    ids = await redecisions.lock(tx, run.name, day, run.cursor, limit)
    found = await _redecide(tx, vault, run, ids) if ids else []
    if not run.dry_run and found:
        await _store(tx, run, found)
    changed = [each for each in found if each[0].direction is not Direction.UNCHANGED]
    if changed:
        await redecisions.record(tx, run.id, [_kept(each, row) for each, row in changed])
    counts = Counter(each.direction.value for each, _ in found)
    done = len(ids) < limit
    await activations.advance(
        tx, run.id, {way.value: counts[way.value] for way in Direction}, ids[-1] if ids else None, done=done
    )
    if done:
        over = await activations.get(tx, run.id)
        totals = ", ".join(f"{way.value} {getattr(over, way.value)}" for way in Direction)
        action = "tried_standings" if run.dry_run else "redecided_standings"
        await audit.record(tx, run.activated_by, action, "protocol_activation", run.id, reason=totals)
    return True


async def _redecide(tx: Transaction, vault: Vault, run: Any, ids: Sequence[UUID]) -> list[tuple[Redecided, Any]]:
    rows = await redecisions.read(tx, run.name, ids)
    letters = await redecisions.letters(tx, [row.screening_id for row in rows if row.letter_until or row.declined])
    versions = {(run.name, version) for row in rows for version in (row.decided_version, row.protocol_version)}
    known = await protocols.several(tx, versions | {(run.name, run.version)})
    found = []
    for place, row in enumerate(rows):
        if place % _BREATH == 0:
            await asyncio.sleep(0)
        found.append((_one(vault, run, row, letters.get(row.screening_id, []), known), row))
    return found


def _one(vault: Vault, run: Any, row: Any, letters: Sequence[Any], known: dict[tuple[str, int], Protocol]) -> Redecided:
    before = standing_of(row)
    today = local_day(run.now, zone(row.timezone))
    if row.protocol_version == run.version:  # answered, or run, under it already
        return Redecided(row.client_id, before, before, Direction.UNCHANGED, False, today)
    try:
        after, bump = _again(vault, row, letters, known, known[run.name, run.version])
    except Unreadable:
        # Nothing can be proved by what cannot be opened, and one such row must not hold up all the others.
        log.error("a screening cannot be opened; it is asked again", screening_id=str(row.screening_id))
        after, bump = replace(before, asks_again=True), True
    if row.outdated:
        after = replace(after, asks_again=True)
    return Redecided(row.client_id, before, after, direction(before, after, today), bump, today)


def _again(
    vault: Vault, row: Any, letters: Sequence[Any], known: dict[tuple[str, int], Protocol], protocol: Protocol
) -> tuple[Standing, bool]:
    if row.wrapped is None or row.vault is None:
        raise Unreadable
    kept = vault.unwrap(row.client_id, WrappedKey(row.master_key_id, row.wrapped))
    content = kept.open("screening", row.screening_id, row.vault)
    answers, given_on = content["answers"], date.fromisoformat(content["day"])
    asked = known[protocol.name, row.decided_version]
    about = letter_reasons(decide(asked, Section.STANDING, answers)) if letters else frozenset()
    terms = [_terms(kept, letter, about) for letter in letters]
    standing, decision = redecided(protocol, answers, given_on, terms)
    bump = standing.has_limits
    if standing.has_limits:
        under = known[protocol.name, row.protocol_version]
        bump = decide(under, Section.STANDING, answers).limits != decision.limits
    return standing, bump


def _terms(kept: ClientVault, letter: Any, about: frozenset[str]) -> LetterTerms:
    content = kept.open("clearance", letter.id, letter.vault)
    until = content["valid_until"]
    return LetterTerms(
        inadvisable=content["verdict"] == "inadvisable",
        limits=bool(content["limits"]),
        issued_on=date.fromisoformat(content["issued_on"]),
        until=date.fromisoformat(until) if until else None,
        about=frozenset(content.get("about", about)),
    )


async def _store(tx: Transaction, run: Any, found: Sequence[tuple[Redecided, Any]]) -> None:
    changed = [(each, row) for each, row in found if each.bump or each.before != each.after]
    if changed:
        rows = [asdict(each.after) | {"client_id": each.client_id, "version": row.facts + 1} for each, row in changed]
        await redecisions.stand(tx, run.name, run.version, rows)
    moved = {each.client_id for each, _ in changed}
    same = [row.client_id for _, row in found if row.protocol_version != run.version and row.client_id not in moved]
    if same:
        await redecisions.confirm(tx, run.name, run.version, same)
    tx.announce(
        *(
            StandingChanged(
                client_id=each.client_id,
                version=row.facts + 1,
                protocol=run.name,
                outcome=each.after.outcome_on(each.today).value,
                valid_until=each.after.holds_until(),
            )
            for each, row in changed
            if each.before != each.after
        )
    )


def _kept(each: Redecided, row: Any) -> dict[str, Any]:
    return {
        "client_id": each.client_id,
        "screening_id": row.screening_id,
        "direction": each.direction.value,
        "outcome_before": each.before.outcome_on(each.today).value,
        "outcome_after": each.after.outcome_on(each.today).value,
        "from_version": row.protocol_version,
    }
