"""What identity does: load, let the domain decide, save."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

from services.identity import store
from services.identity.domain.api_clients import EVERYWHERE, ApiClient, Reach, granted, is_proven
from services.identity.domain.backoff import still_waiting, wait_after
from services.identity.domain.errors import TokenRefused
from services.identity.domain.scopes import known
from services.identity.domain.secrets import SALT_BYTES, SECRET_BYTES, SealedSecret, seal
from services.identity.oauth import TokenRequest
from shared.errors import Invalid, NotFound
from shared.kit import audit, telemetry
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.ids import new_id

USE_IS_NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """A token may be signed: for this client, with these scopes."""

    client: ApiClient
    scopes: frozenset[str]


async def prove(tx: Transaction, request: TokenRequest, address: str) -> Grant | TokenRefused:
    """Whether this caller gets a token. A refusal is an outcome, not an exception: its count must be committed.

    A known client with a good secret costs one statement. A guesser who must wait is refused before anything is
    compared or written, so that a flood costs one read each.
    """
    guesser = store.who(request.client_id, address)
    proof = await store.for_proof(tx, request.client_id, guesser)
    wait = still_waiting(proof.failures, proof.since_last)
    if wait:
        return _slow_down(wait)
    if not is_proven(proof.client, request.client_secret, proof.now):
        failures = await store.count_failure(tx, guesser, proof.client, "invalid_client", telemetry.trace_id())
        wait = wait_after(failures)
        if wait:
            return _slow_down(wait)
        return TokenRefused("invalid_client", "The client id or secret is not right.", status=401)
    assert proof.client is not None
    if proof.failures:
        await store.forget_failures(tx, guesser)
    try:
        scopes = granted(proof.client, request.scopes)
    except TokenRefused as refused:
        return refused
    if proof.last_used_at is None or proof.now - proof.last_used_at > USE_IS_NOTED_EVERY:
        await store.mark_used(tx, proof.client.client_id)
    return Grant(proof.client, scopes)


def _slow_down(wait: timedelta) -> TokenRefused:
    seconds = max(1, ceil(wait.total_seconds()))
    return TokenRefused(
        "temporarily_unavailable", f"Too many failures; wait {seconds} s.", status=429, retry_after=seconds
    )


async def create(tx: Transaction, who: Principal, name: str, reach: Reach, therapist_id: Any) -> tuple[Any, str]:
    """A new API client's row and its secret, which is said only now.

    Raises:
        UnknownScope, ScopeNotHeld, BranchNotHeld.
    """
    known(reach.scopes)
    _reach_of(who).must_cover(reach)
    if not reach.branches:
        raise Invalid("branches_required", 'Name at least one branch, or "*" for all.', pointer="/branches")
    secret, sealed = _new_secret()
    client = ApiClient(client_id=str(new_id()), name=name, reach=reach, secret=sealed, therapist_id=therapist_id)
    await store.insert(tx, client)
    await audit.record(tx, who, "created", "api-client", client.client_id)
    return await store.row_of(tx, client.client_id), secret


async def rotate(tx: Transaction, who: Principal, client_id: str, overlap: timedelta) -> tuple[Any, str]:
    """The client's row with a new secret, said only now; the one before opens for `overlap` longer.

    Raises:
        NotFound, ScopeNotHeld, BranchNotHeld, ClientRevoked.
    """
    row = await visible(tx, who, client_id, lock=True)
    client = store.client_of(row)
    _reach_of(who).must_cover(client.reach)  # whoever learns the secret can do what the client can
    secret, sealed = _new_secret()
    await store.save(tx, client.rotated(sealed, row.now, overlap))
    await audit.record(tx, who, "rotated", "api-client", client_id)
    return await store.row_of(tx, client_id), secret


async def revoke(tx: Transaction, who: Principal, client_id: str) -> Any:
    """The client's row, revoked. Tokens it holds end within ten minutes. Raises NotFound."""
    row = await visible(tx, who, client_id, lock=True)
    client = store.client_of(row)
    revoked = client.revoked(row.now)
    if revoked is not client:
        await store.save(tx, revoked)
        await audit.record(tx, who, "revoked", "api-client", client_id)
    return await store.row_of(tx, client_id)


async def visible(tx: Transaction, who: Principal, client_id: str, *, lock: bool = False) -> Any:
    """The row, if the caller's branches hold all of the client's. Raises NotFound."""
    row = await store.row_of(tx, client_id, lock=lock) if client_id.isprintable() else None
    if row is None or not _reach_of(who).covers_branches(store.client_of(row).reach):
        raise NotFound("unknown_api_client", "There is no such API client.")
    return row


def _new_secret() -> tuple[str, SealedSecret]:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return secret, seal(secret, secrets.token_bytes(SALT_BYTES))


def _reach_of(who: Principal) -> Reach:
    branches = {EVERYWHERE} if who.branches is None else {str(branch) for branch in who.branches}
    return Reach(scopes=who.scopes, branches=frozenset(branches))
