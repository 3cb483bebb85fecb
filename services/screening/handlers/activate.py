"""From which moment a version is asked, and what that would change."""

from datetime import datetime
from typing import Any

from services.screening.domain.errors import WrongState
from services.screening.handlers.author import check_may_be_asked, of_the_chain
from services.screening.store import activations
from services.screening.store import protocols as store
from shared.errors import Invalid
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id


async def activate(
    tx: Transaction, who: Principal, name: str, version: int, *, active_from: datetime | None, reason: str
) -> Any:
    """Ask this version from a moment on. The standing decisions are then re-run in the background (rescreen.py).

    A version that was asked before may be activated again.

    Raises:
        UnknownProtocol, WrongState, Untranslated, MilderThanDefault, Forbidden.
        Invalid: the moment has passed.
    """
    of_the_chain(who)
    await store.lock(tx, name)
    row = await store.version(tx, name, version)
    if row.state not in ("reviewed", "retired"):
        raise WrongState("activated", row.state)
    check_may_be_asked(await store.get(tx, name, version))
    now: datetime = await tx.scalar("SELECT clock_timestamp()")
    if active_from is not None and active_from <= now:
        raise Invalid("in_the_past", "This moment has passed. Leave it out to activate now.", pointer="/active_from")
    id = new_id()
    await activations.insert(
        tx, id, name, version, dry_run=False, active_from=active_from or now, by=who.subject, reason=reason
    )
    await audit.record(tx, who, "activated_protocol", "protocol", f"{name}/{version}", reason=reason)
    return await activations.get(tx, id)


async def dry_run(tx: Transaction, who: Principal, name: str, version: int, *, reason: str) -> Any:
    """Count what activating it would change, in the background; nothing is changed.

    Raises:
        UnknownProtocol, WrongState, Forbidden.
    """
    of_the_chain(who)
    row = await store.version(tx, name, version)
    if row.state == "withdrawn":
        raise WrongState("tried", row.state)
    now: datetime = await tx.scalar("SELECT clock_timestamp()")
    id = new_id()
    await activations.insert(tx, id, name, version, dry_run=True, active_from=now, by=who.subject, reason=reason)
    await audit.record(tx, who, "tried_protocol", "protocol", f"{name}/{version}", reason=reason)
    return await activations.get(tx, id)
