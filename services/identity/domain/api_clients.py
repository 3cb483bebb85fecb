"""An API client: a partner's system, a desk's program, a service of Caibei itself."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.identity.domain.errors import BranchNotHeld, ClientRevoked, ScopeNotHeld, TokenRefused
from services.identity.domain.secrets import NOBODY, SealedSecret

EVERYWHERE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What somebody may do and where: scopes, and branch ids or `{"*"}`."""

    scopes: frozenset[str]
    branches: frozenset[str]

    def must_cover(self, other: "Reach") -> None:
        """Nobody hands out, or takes over the secret of, more than they hold.

        Raises:
            ScopeNotHeld, BranchNotHeld: 403.
        """
        if missing := other.scopes - self.scopes:
            raise ScopeNotHeld(missing)
        if not self.covers_branches(other):
            raise BranchNotHeld

    def covers_branches(self, other: "Reach") -> bool:
        return EVERYWHERE in self.branches or other.branches <= self.branches


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """`previous` is the secret before the last rotation; it still opens until `previous_until`."""

    client_id: str
    name: str
    reach: Reach
    secret: SealedSecret
    therapist_id: UUID | None = None
    previous: SealedSecret | None = None
    previous_until: datetime | None = None
    revoked_at: datetime | None = None
    version: int = 1

    def rotated(self, secret: SealedSecret, now: datetime, overlap: timedelta) -> "ApiClient":
        """The client with a new secret; the old one opens for `overlap` longer. Raises ClientRevoked."""
        if self.revoked_at is not None:
            raise ClientRevoked
        previous = (self.secret, now + overlap) if overlap else (None, None)
        return replace(self, secret=secret, previous=previous[0], previous_until=previous[1], version=self.version + 1)

    def revoked(self, now: datetime) -> "ApiClient":
        """The client without any way in. To revoke twice changes nothing."""
        if self.revoked_at is not None:
            return self
        return replace(self, revoked_at=now, previous=None, previous_until=None, version=self.version + 1)


def is_proven(client: ApiClient | None, secret: str, now: datetime) -> bool:
    """Whether `secret` opens `client`. The same hashes are computed for a client that is unknown or revoked."""
    current = client.secret if client else NOBODY
    previous = client.previous if client and client.previous else NOBODY
    by_current = current.opens(secret)
    by_previous = previous.opens(secret)
    if client is None or client.revoked_at is not None:
        return False
    return by_current or (by_previous and client.previous_until is not None and now < client.previous_until)


def granted(client: ApiClient, asked: Iterable[str]) -> frozenset[str]:
    """The scopes of a token: those asked for, or all when none is named (RFC 6749, section 3.3).

    Raises:
        TokenRefused: `invalid_scope` when the client does not hold one of them.
    """
    wanted = frozenset(asked)
    if not wanted:
        return client.reach.scopes
    if beyond := wanted - client.reach.scopes:
        raise TokenRefused("invalid_scope", f"This client does not hold: {' '.join(sorted(beyond))}")
    return wanted
