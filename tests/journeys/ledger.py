"""What was asked and what was answered: the auditor holds every promise of it against the databases."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx


@dataclass(frozen=True, slots=True)
class Entry:
    """One command with its last answer. `status` 0: none came."""

    method: str
    service: str
    path: str
    key: str | None
    body: Any
    status: int
    answer: Any


@dataclass
class Ledger:
    """Commands by idempotency key: a repeat of one command replaces its earlier answer."""

    entries: dict[str, Entry] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def write(
        self, method: str, service: str, path: str, key: str | None, body: Any, response: httpx.Response | None
    ) -> None:
        status = response.status_code if response is not None else 0
        self.statuses[status] += 1
        if response is not None and (status == 500 or (status >= 400 and not is_problem(response))):
            self.wrong.append(f"{method} {service}{path}: {status} {response.text[:300]}")
        entry = Entry(method, service, path, key, body, status, _json(response))
        if method != "GET":
            self.entries[key or f"#{len(self.entries)}"] = entry

    def bookings(self) -> Iterator[Entry]:
        """Every POST /v1/appointments, and of a hold's confirmation."""
        for entry in self.entries.values():
            held = entry.path.startswith("/v1/holds/") and entry.path.endswith("/confirm")
            if entry.service == "scheduling" and (entry.path == "/v1/appointments" or held):
                yield entry

    def on_appointments(self, action: str) -> Iterator[tuple[UUID, Entry]]:
        """Every POST of an action upon an appointment."""
        for entry in self.entries.values():
            parts = entry.path.split("/")
            if entry.service == "scheduling" and parts[2:3] == ["appointments"] and parts[4:] == [action]:
                yield UUID(parts[3]), entry


def is_problem(response: httpx.Response) -> bool:
    """RFC 9457, with our code in it."""
    body = _json(response)
    kind = response.headers.get("content-type", "").split(";")[0]
    return kind == "application/problem+json" and isinstance(body, dict) and {"type", "title", "code"} <= body.keys()


def _json(response: httpx.Response | None) -> Any:
    try:
        return response.json() if response is not None and response.content else None
    except ValueError:
        return None
