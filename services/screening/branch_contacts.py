"""Whom a client's page says to call: asked of scheduling, remembered for a while. The page is shown without it, too."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from fastapi import FastAPI

from shared.errors import CaibeiError
from shared.kit.peers import Peers

SECONDS = 1.0
REMEMBERED_SECONDS = 600.0
ASKED_AGAIN_SECONDS = 30.0
MOST_REMEMBERED = 5_000


@dataclass(frozen=True, slots=True)
class Contact:
    """A branch as its clients know it."""

    name: str
    phone: str | None
    email: str | None


class BranchContacts:
    """Facts of the chain, of no person."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._known: dict[UUID, tuple[float, Contact | None]] = {}

    async def of(self, branch_id: UUID) -> Contact | None:
        """None when scheduling does not say. Call it with no transaction open: it may wait a second."""
        until, known = self._known.get(branch_id, (0.0, None))
        if time.monotonic() < until:
            return known
        try:
            status, body = await self._peers.get("scheduling", f"/v1/branches/{branch_id}", timeout=SECONDS)
        except CaibeiError:
            status, body = 503, None
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        found = Contact(body["name"], body.get("phone"), body.get("contact_email")) if status == 200 else known
        seconds = REMEMBERED_SECONDS if status == 200 else ASKED_AGAIN_SECONDS
        self._known[branch_id] = (time.monotonic() + seconds, found)
        return found


@asynccontextmanager
async def branch_contacts(app: FastAPI) -> AsyncIterator[None]:
    app.state.branch_contacts = BranchContacts(app.state.peers)
    yield
