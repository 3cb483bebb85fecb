"""Loading a checked chain: noun by noun in dependency order, several rows at once, through the public commands.

A row that is there already is left as it is; an import overwrites nothing. A refusal names its row and stops after its
noun (bookings go on, each is its own affair); what is loaded stays, and running the import again goes on from there.
"""

import asyncio
import hashlib
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from deploy.cli.chain.chain import Calendar, Chain, Line
from deploy.cli.chain.faults import Fault
from deploy.cli.chain.nouns import Row
from deploy.cli.chain.present import Present
from deploy.cli.chain.report import Report
from deploy.cli.chain.services import Refusal, Services, Unreachable

R = TypeVar("R", bound=Row)
Body = dict[str, Any]
Outcome = Literal["created", "present", "passed"]


HEARSAY_SECONDS = 20.0


class Stopped(Exception):
    """A row was refused; the report names it."""


@dataclass
class Loading:
    """One run. `told` is called after each row with its noun, for the progress shown.

    `conflicts`: of bookings, foreseen; `moved`: imported before, and elsewhere now; `skipped`: not to be booked.
    `lost`: a service is away, so that no further row is tried. An `imagined` one only makes bodies, to see whether
    their shape is right: what is not loaded yet has a made-up id.
    """

    services: Services
    chain: Chain
    present: Present
    calendar: Calendar
    zones: dict[str, ZoneInfo]
    told: Callable[[str], None] = lambda noun: None
    imagined: bool = False
    lost: bool = False
    conflicts: list[Fault] = field(default_factory=list)
    moved: list[Fault] = field(default_factory=list)
    skipped: int = 0
    report: Report = field(default_factory=Report)

    async def each(
        self,
        kind: type[R],
        load: Callable[[Line[R]], Awaitable[Outcome]],
        *,
        in_order_of: Callable[[R], Hashable] | None = None,
        only: Callable[[Line[R]], bool] = lambda line: True,
        go_on: bool = False,
    ) -> None:
        """Load the rows of a noun; rows with one `in_order_of` go one after the other, as in the file.

        Raises:
            Stopped: a row was refused, unless `go_on`, or a service is away.
        """
        chains: dict[Hashable, list[Line[R]]] = {}
        for number, line in enumerate(filter(only, self.chain.of(kind))):
            chains.setdefault(number if in_order_of is None else in_order_of(line.row), []).append(line)

        async def follow(lines: list[Line[R]]) -> None:
            for line in lines:
                if self.lost:
                    return
                try:
                    outcome = await load(line)
                except Refusal as refusal:
                    self.report.failed.append(line.fault(field_of(refusal), said(refusal)))
                    if not go_on:
                        return
                    continue
                except Unreachable as silence:
                    self.lost = True
                    self.report.failed.append(line.fault("", str(silence)))
                    return
                getattr(self.report, outcome)[kind.noun] += 1
                self.told(kind.noun)

        await asyncio.gather(*map(follow, chains.values()))
        if self.lost or (self.report.failed and not go_on):
            raise Stopped

    async def post(self, service: str, path: str, row: Row, body: Body, *, wait: int = 0) -> Any:
        """Send a row's command under a key made of the row, so that a lost answer costs nothing.

        A refusal that the service only remembers from an earlier run is asked again: the reason may be gone.
        """
        exact = json.dumps([path, body], sort_keys=True, default=str).encode()
        key = f"import-{row.noun}-{hashlib.sha256(exact).hexdigest()[:32]}"
        try:
            return await self.heard(lambda: self.services.post(service, path, body, key=key, wait=wait))
        except Refusal as refusal:
            if not refusal.replayed:
                raise
            return await self.services.post(service, path, body, key=f"{key}-{uuid.uuid4().hex[:8]}", wait=wait)

    async def heard(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Ask again while a service has not yet heard of what another one was told a moment ago."""
        deadline = time.monotonic() + HEARSAY_SECONDS
        while True:
            try:
                return await ask()
            except Refusal as refusal:
                unknown = refusal.code.startswith("unknown_") or refusal.code.endswith("_not_found")
                if not unknown or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.2)

    async def once(self, service: str, path: str, line: Line[Any], body: Body) -> Outcome:
        """A row with a natural code of its own: made unless it is there; what differs is told and stays."""
        row = line.row
        found = self.present.by_code[row.noun].get(row.natural)
        if found is None:
            self.present.by_code[row.noun][row.natural] = await self.post(service, path, row, body)
            return "created"
        for name, value in body.items():
            if name in found and _plain(found[name]) != _plain(value):
                self.report.differing.append(line.fault(row_field(name), "is another there; an import changes nothing"))
        return "present"

    def id(self, noun: str, natural: str) -> str:
        """The id of a row that was loaded or found before."""
        found = self.present.id_of(noun, natural)
        if found is None and self.imagined:
            return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{noun} {natural}"))
        if found is None:
            raise KeyError(f"{noun} {natural} was not loaded")
        return found

    def ids(self, noun: str, naturals: list[str]) -> list[str]:
        return [self.id(noun, natural) for natural in naturals]


def without_nothing(**fields: Any) -> Body:
    """A body without the fields that the row leaves out."""
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:
    """For comparing what is sent with what is answered: numbers by value, lists without order, nothing as absent."""
    match value:
        case bool() | None:
            return value
        case int() | float() | str():
            try:
                return Decimal(str(value))
            except InvalidOperation:
                return value
        case dict():
            return {name: _plain(inner) for name, inner in value.items() if inner is not None}
        case _:
            return sorted((_plain(inner) for inner in value), key=repr)


# Where a body's field has another name than the row's.
_ROW_FIELD = {
    "branch_ids": "branches", "branch_id": "branch", "therapist_id": "therapist", "client_id": "client",
    "treatment_id": "treatment", "room_id": "room", "bar_id": "bar", "starts_at": "starts", "ends_at": "ends",
    "requires": "skill", "signed_by": "signed_by", "checklist": "failed",
}  # fmt: skip


def row_field(first: str) -> str:
    """The row's field that a body's field was made of."""
    return _ROW_FIELD.get(first, first)


def field_of(refusal: Refusal) -> str:
    """The row's field that a problem points at; empty when it points nowhere."""
    pointer = refusal.errors[0].get("pointer", "") if refusal.errors else ""
    return row_field(pointer.strip("/").split("/")[0])


def said(refusal: Refusal) -> str:
    detail = refusal.errors[0].get("detail") if refusal.errors else None
    return f"refused with {refusal.code}: {detail or refusal.detail}"
