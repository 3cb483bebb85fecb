"""How every service is, as it says itself at `/readyz`."""

import asyncio
import time
from dataclasses import dataclass, field

import httpx

from shared.kit.settings import CommonSettings

OWNS = {
    "scheduling": "Branches, therapists, shifts, clients and appointments",
    "screening": "Health questions and the decisions made from them",
    "room-equipment": "Rooms, balancing bars, inspections and the last gate before a session",
    "notification": "Messages to clients and branches",
    "identity": "Access tokens",
}
STATES = {
    "ok": "Ready",
    "degraded": "Working, waiting for Kafka",
    "unavailable": "Not ready",
    "away": "No answer",
}


@dataclass(frozen=True, slots=True)
class Health:
    """`state` is a key of STATES. `checks` are the dependencies it named; `milliseconds` its time to answer."""

    name: str
    url: str
    state: str
    checks: dict[str, str] = field(default_factory=dict)
    milliseconds: float | None = None

    @property
    def owns(self) -> str:
        return OWNS[self.name]

    @property
    def says(self) -> str:
        return STATES[self.state]


class HealthOfServices:
    """Asks all of them at once; however many people look, each is asked at most once a second."""

    def __init__(self, common: CommonSettings) -> None:
        self._urls = {name: str(getattr(common, f"{name.replace('-', '_')}_url")).rstrip("/") for name in OWNS}
        self._http = httpx.AsyncClient(trust_env=False, timeout=2)
        self._lock = asyncio.Lock()
        self._known: list[Health] = []
        self._known_at = -1e9

    async def close(self) -> None:
        await self._http.aclose()

    async def now(self) -> list[Health]:
        async with self._lock:
            if time.monotonic() - self._known_at > 1:
                self._known = list(await asyncio.gather(*(self._ask(name, url) for name, url in self._urls.items())))
                self._known_at = time.monotonic()
            return self._known

    async def _ask(self, name: str, url: str) -> Health:
        started = time.perf_counter()
        try:
            answer = await self._http.get(f"{url}/readyz")
            body = answer.json()
            state = body["status"] if body["status"] in STATES else "unavailable"
            checks = {str(check): str(value) for check, value in body.get("checks", {}).items()}
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
            return Health(name, url, "away")
        return Health(name, url, state, checks, (time.perf_counter() - started) * 1000)
