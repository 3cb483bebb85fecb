"""Reads from another service at the moment of use. These are all of them; every change goes over Kafka instead.

who asks         whom             what for
room-equipment   scheduling       the start gate: the appointment's state now
room-equipment   screening        the start gate: the client's standing for that session now
notification     scheduling       right before sending: the contact, whether the message is still true, the
                                  link by which its client can choose or answer an offer, what else suits them
notification     room-equipment   right before sending: what is to be inspected, and whether it still is
notification     screening        right before sending: the link of an invitation, if it can still be used
screening        scheduling       the client's page: whom its branch says to call
console          all              their health
console          room-equipment   the page of a bar: what its placard says now
"""

import asyncio
import time
from typing import Any

import httpx

from shared.errors import Unavailable
from shared.kit import logging, telemetry
from shared.kit.settings import CommonSettings, ServiceSettings

log = logging.get(__name__)


class Peers:
    """Asks with this service's own token, which it renews before it ends."""

    def __init__(self, common: CommonSettings, service: ServiceSettings) -> None:
        self._urls = {
            "scheduling": common.scheduling_url,
            "screening": common.screening_url,
            "room-equipment": common.room_equipment_url,
            "notification": common.notification_url,
            "identity": common.identity_url,
        }
        self._client_id = service.client_id
        self._secret = service.client_secret
        self._http = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=32))
        self._token, self._good_until = "", 0.0
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        await self._http.aclose()

    async def get(
        self, peer: str, path: str, *, params: dict[str, Any] | None = None, timeout: float = 1.0
    ) -> tuple[int, Any]:
        """The status and the JSON of `GET path`. All of it, the token included, within `timeout` seconds.

        Raises:
            Unavailable: no answer in time, or a 5xx or 401 of the peer.
        """
        try:
            async with asyncio.timeout(timeout):
                headers = {"Authorization": f"Bearer {await self._bearer()}"}
                parent = telemetry.traceparent()
                if parent:
                    headers["traceparent"] = parent
                answer = await self._http.get(self._urls[peer] + path, params=params, headers=headers)
                if answer.status_code == 401:
                    self._good_until = 0.0
                if answer.status_code >= 500 or answer.status_code in (401, 403, 429):
                    raise Unavailable(f"{peer}_unavailable", f"{peer} answered {answer.status_code}.")
                return answer.status_code, answer.json()
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            raise Unavailable(f"{peer}_unavailable", f"{peer} did not answer: {type(error).__name__}.") from error

    async def _bearer(self) -> str:
        if time.monotonic() < self._good_until:
            return self._token
        async with self._lock:
            if time.monotonic() >= self._good_until:
                answer = await self._http.post(
                    self._urls["identity"] + "/oauth/token",
                    data={"grant_type": "client_credentials"},
                    auth=(self._client_id, self._secret.get_secret_value()),
                )
                answer.raise_for_status()
                body = answer.json()
                # Renewed at half its life: a short outage of identity leaves the start gate working.
                self._token, self._good_until = body["access_token"], time.monotonic() + body["expires_in"] / 2
        return self._token
