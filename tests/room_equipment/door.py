"""A session at the door: scheduling and screening as the test wants them, and the way to start it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from shared.errors import Unavailable
from shared.kit.ids import new_id
from tests.room_equipment.spa import Spa


class Peers:
    """Scheduling and screening, as this test wants them to be."""

    def __init__(self) -> None:
        self.appointment: dict[str, Any] = {}
        self.appointment_status = 200
        self.standing: dict[str, Any] = {"allowed_to_start": True, "code": None}
        self.standing_status = 200
        self.away: set[str] = set()
        self.asked: list[tuple[str, str, dict[str, Any], float]] = []

    async def get(self, peer: str, path: str, *, params: dict[str, Any], timeout: float) -> tuple[int, Any]:
        self.asked.append((peer, path, params, timeout))
        if peer in self.away:
            raise Unavailable(f"{peer}_unavailable")
        if peer == "scheduling":
            return self.appointment_status, self.appointment
        return self.standing_status, self.standing

    async def close(self) -> None:
        pass


class Door:
    """A confirmed back-stepping session due in five minutes, and the way to start it."""

    def __init__(self, spa: Spa, peers: Peers, room: UUID, bar: UUID) -> None:
        self.spa, self.peers, self.room, self.bar = spa, peers, room, bar
        self.session = new_id()
        self.therapist = spa.therapist_id

    async def booked(self, starts_at: datetime | None = None, **changed: Any) -> "Door":
        starts_at = starts_at or datetime.now(UTC) + timedelta(minutes=5)
        self.session = await self.spa.book(starts_at, room_id=self.room, therapist_id=self.therapist, **changed)
        self.peers.appointment = {
            "status": "confirmed", "therapist_id": str(self.therapist), "starts_at": starts_at.isoformat(),
            "branch_id": str(self.spa.branch_id),
            "treatment_id": str(changed.get("treatment_id", self.spa.bar_treatment)),
        }  # fmt: skip
        return self

    async def start(
        self, *, checks: list[dict[str, Any]] | None = None, fit: bool = True, therapist: UUID | None = None,
        **claims: Any,
    ) -> httpx.Response:  # fmt: skip
        if checks is None:
            checks = [{"bar_id": str(self.bar), "result": "pass", "note": ""}]
        body = {
            "therapist_id": str(therapist or self.therapist), "pre_use_checks": checks, "fit_to_perform": fit
        }  # fmt: skip
        http = self.spa.signed_in("rooms:operate", **claims)
        return await http.post(f"/v1/assignments/{self.session}/start", json=body)

    async def refused(self, code: str, **how: Any) -> dict[str, Any]:
        """It is refused with this code, says what to do, and the session has not started."""
        answer = await self.start(**how)
        body: dict[str, Any] = answer.json()
        assert (answer.status_code, body["code"]) == (409, code), answer.text
        assert len(body["detail"].split()) > 5
        return body
