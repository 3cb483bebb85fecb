"""What scheduling says at this moment: the appointment's state and the contact; and room-equipment, of what is to be
inspected. Asked before sending, kept nowhere.

Branches and treatments are facts of the chain, not of a person; they are remembered for a minute, and longer while
scheduling does not answer, so that an urgent message still finds its branch.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notification.domain.messages import Appointment, Asset, Offer, Purpose
from services.notification.store import Claimed
from shared.errors import Unavailable
from shared.kit import logging
from shared.kit.peers import Peers

log = logging.get(__name__)
SECONDS = 3.0
URGENT_SECONDS = 1.0
REMEMBERED_SECONDS = 60.0
MOST_REMEMBERED = 5_000
LARGEST_READ = 100


@dataclass(frozen=True, slots=True)
class Contact:
    """A client's or branch's: where to write and how to address them."""

    name: str | None
    email: str | None
    locale: str | None
    channels: tuple[str, ...] = ("email",)


@dataclass(frozen=True, slots=True)
class Branch:
    name: str
    timezone: str
    locale: str
    email: str | None
    phone: str | None

    @property
    def contact(self) -> str:
        return self.phone or self.email or self.name


@dataclass(frozen=True, slots=True)
class Present:
    """What is true now of one message's matter. None where scheduling knows no such thing (any more).

    `choice`: the link by which the client answers; `treatments`: names of what else would suit them.
    """

    branch: Branch | None
    appointment: Appointment | None = None
    client: Contact | None = None
    treatment_name: str | None = None
    therapist_name: str | None = None
    asset: Asset | None = None
    offer: Offer | None = None
    link: str | None = None
    choice: str | None = None
    treatments: tuple[str, ...] = ()


class Scheduling:
    """Asks for a whole batch at once: two reads, whatever its size, and one more for each kind that needs it."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._remembered: dict[str, tuple[float, Any]] = {}

    async def about(self, batch: Sequence[Claimed]) -> dict[UUID, Present]:
        """What is true now, by message id.

        Raises:
            Unavailable: scheduling did not answer.
        """
        wanted = {message.appointment_id for message in batch if message.appointment_id}
        appointments = await self._many("scheduling", "/v1/appointments", wanted)
        to_clients = {message.client_id for message in batch if message.client_id and message.recipient == "client"}
        clients = await self._many("scheduling", "/v1/clients", to_clients)
        links = await self._many(
            "screening", "/v1/invitation-links", {m.invitation_id for m in batch if m.invitation_id}
        )
        choices = await self._many("scheduling", "/v1/choices", _of(batch, Purpose.NEEDS_CHANGE))
        offers = await self._many("scheduling", "/v1/suitable-treatments", _of(batch, Purpose.CANCELLED_OFFER))
        places = await self._many("scheduling", "/v1/offer-letters", _of(batch, Purpose.WAITLIST_OFFER))
        found = {}
        for message in batch:
            if message.occasion.purpose is Purpose.WAITLIST_OFFER:
                found[message.id] = await self._about_offer(message, places, clients)
                continue
            appointment = appointments.get(message.appointment_id) if message.appointment_id else None
            client = clients.get(message.client_id) if message.client_id else None
            link = links.get(message.invitation_id) if message.invitation_id else None
            branch = await self._one(f"/v1/branches/{message.branch_id}")
            treatment = await self._one(f"/v1/treatments/{appointment['treatment_id']}") if appointment else None
            found[message.id] = Present(
                branch=_branch(branch) if branch else None,
                appointment=_appointment(appointment) if appointment else None,
                client=_contact(client) if client else None,
                treatment_name=treatment["name"] if treatment else None,
                link=link["url"] if link else None,
                choice=_at(choices, message).get("address"),
                treatments=tuple(one["name"] for one in _at(offers, message).get("treatments", ())),
            )
        return found

    async def _about_offer(self, message: Claimed, offers: dict[UUID, Any], clients: dict[UUID, Any]) -> Present:
        """The message's appointment is the one that the offer would become: it has the offer's id."""
        branch = await self._one(f"/v1/branches/{message.branch_id}")
        client = clients.get(message.client_id) if message.client_id else None
        body = offers.get(message.appointment_id) if message.appointment_id else None
        treatment = await self._one(f"/v1/treatments/{body['treatment_id']}") if body else None
        therapist = await self._one(f"/v1/therapists/{body['therapist_id']}") if body else None
        return Present(
            branch=_branch(branch) if branch else None,
            client=_contact(client) if client else None,
            treatment_name=treatment["name"] if treatment else None,
            therapist_name=therapist["name"] if therapist else None,
            offer=_offer(body) if body else None,
        )

    async def about_assets(self, batch: Sequence[Claimed]) -> dict[UUID, Present]:
        """The branch, and what room-equipment says of each bar or accessory.

        Raises:
            Unavailable: one of the two did not answer.
        """
        assets = await self._many("room-equipment", "/v1/assets", {m.asset_id for m in batch if m.asset_id})
        found = {}
        for message in batch:
            branch = await self._one(f"/v1/branches/{message.branch_id}")
            asset = assets.get(message.asset_id) if message.asset_id else None
            found[message.id] = Present(
                branch=_branch(branch) if branch else None, asset=_asset(asset) if asset else None
            )
        return found

    async def about_urgent(self, message: Claimed) -> Present:
        """The branch, and of the rest what can be had at once: an urgent message goes out without it.

        Raises:
            Unavailable: scheduling did not answer and the branch is not remembered.
        """
        branch = await self._one(f"/v1/branches/{message.branch_id}", URGENT_SECONDS)
        treatment = therapist = None
        try:
            async with asyncio.timeout(URGENT_SECONDS):
                _, appointment = await self._peers.get("scheduling", f"/v1/appointments/{message.appointment_id}")
                treatment = await self._one(f"/v1/treatments/{appointment['treatment_id']}")
                therapist = await self._one(f"/v1/therapists/{appointment['therapist_id']}")
        except (Unavailable, TimeoutError, KeyError) as error:
            log.warning("urgent message goes out without its session", error=type(error).__name__)
        return Present(
            branch=_branch(branch) if branch else None,
            treatment_name=treatment["name"] if treatment else None,
            therapist_name=therapist["name"] if therapist else None,
        )

    async def _many(self, peer: str, path: str, ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
        wanted = sorted(map(str, ids))
        found: dict[UUID, dict[str, Any]] = {}
        for start in range(0, len(wanted), LARGEST_READ):
            params = {"id": wanted[start : start + LARGEST_READ], "limit": LARGEST_READ}
            status, body = await self._peers.get(peer, path, params=params, timeout=SECONDS)
            if status != 200:
                raise Unavailable(f"{peer}_unavailable", f"{peer} answered {status}.")
            found |= {UUID(item["id"]): item for item in body["items"]}
        return found

    async def _one(self, path: str, seconds: float = SECONDS) -> Any:
        """A fact of the chain. None when there is no such thing."""
        at, known = self._remembered.get(path, (-1e9, None))
        if time.monotonic() - at < REMEMBERED_SECONDS:
            return known
        try:
            status, body = await self._peers.get("scheduling", path, timeout=seconds)
        except Unavailable:
            if known is None:
                raise
            return known
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        found = body if status == 200 else None
        self._remembered[path] = (time.monotonic(), found)
        return found


def _of(batch: Sequence[Claimed], purpose: Purpose) -> set[UUID]:
    """The appointments of the messages that are for this."""
    return {each.appointment_id for each in batch if each.appointment_id and each.occasion.purpose is purpose}


def _at(found: dict[UUID, dict[str, Any]], message: Claimed) -> dict[str, Any]:
    return found.get(message.appointment_id, {}) if message.appointment_id else {}


def _appointment(body: dict[str, Any]) -> Appointment:
    room = body.get("room_id")
    starts_at = datetime.fromisoformat(body["starts_at"])
    return Appointment(UUID(body["id"]), body["status"], starts_at, UUID(room) if room else None)


def _offer(body: dict[str, Any]) -> Offer:
    expires_at = datetime.fromisoformat(body["expires_at"])
    ids = UUID(body["treatment_id"]), UUID(body["therapist_id"])
    return Offer(body["state"], *ids, expires_at=expires_at, address=body["address"])


def _asset(body: dict[str, Any]) -> Asset:
    ends_at = body["certified_until"]
    label = body["serial"] if body["asset"] == "bar" else " ".join(filter(None, (body["name"], body["serial"])))
    return Asset(label, body["room_code"], datetime.fromisoformat(ends_at) if ends_at else None)


def _contact(body: dict[str, Any]) -> Contact:
    channels = (body.get("contact") or {}).get("channels")
    return Contact(
        body.get("name"), body.get("email"), body.get("locale"), ("email",) if channels is None else tuple(channels)
    )


def _branch(body: dict[str, Any]) -> Branch:
    return Branch(body["name"], body["timezone"], body["locale"], body.get("contact_email"), body.get("phone"))
