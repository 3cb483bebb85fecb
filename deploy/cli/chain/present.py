"""What the services hold already, by natural code: the reason why an import can run twice, or go on after a failure."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.cli.chain.chain import Chain
from deploy.cli.chain.nouns import Appointment, Branch, EquipmentInspection, Inspection, Screening
from deploy.cli.chain.services import Services

Found = dict[str, Any]


@dataclass
class Present:
    """Answers of the services. What does not exist yet is absent; `protocols` are those the file's screenings name."""

    by_code: dict[str, dict[str, Found]] = field(default_factory=lambda: defaultdict(dict))
    protocols: dict[str, Found | None] = field(default_factory=dict)

    def id_of(self, noun: str, natural: str) -> str | None:
        found = self.by_code[noun].get(natural)
        return None if found is None else str(found["id"])

    @property
    def known(self) -> dict[str, set[str]]:
        return {noun: set(found) for noun, found in self.by_code.items()}

    @property
    def bar_branches(self) -> dict[str, str]:
        """The code of each known bar's branch, by serial."""
        return self.branches_of("bars")

    def branches_of(self, noun: str) -> dict[str, str]:
        """The code of each known thing's branch, by its natural code."""
        codes = {found["id"]: code for code, found in self.by_code["branches"].items()}
        return {natural: codes[it["branch_id"]] for natural, it in self.by_code[noun].items() if "branch_id" in it}

    @property
    def timezones(self) -> dict[str, str]:
        return {code: found["timezone"] for code, found in self.by_code["branches"].items()}

    def first_import(self, chain: Chain) -> date | None:
        """The day (UTC) on which the oldest of the file's branches was registered; None if there is none yet."""
        ids = [found for line in chain.of(Branch) if (found := self.id_of("branches", line.row.code))]
        return min(registered_on(id) for id in ids) if ids else None


def registered_on(id: str) -> date:
    """The day a UUIDv7 was made: its first 48 bits are milliseconds since 1970 (RFC 9562)."""
    milliseconds = UUID(id).int >> 80
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).date()


async def look_up(services: Services, chain: Chain) -> Present:
    """Read it. Only what the file can meet is asked for: a new chain costs a handful of requests."""
    present = Present()
    await asyncio.gather(
        *(_codes(services, present, noun) for noun in ("branches", "treatments", "therapists", "clients")),
        *(_protocol(services, present, name) for name in {line.row.protocol for line in chain.of(Screening)}),
    )
    codes = _branches(chain)
    touched = [found for code, found in present.by_code["branches"].items() if codes is None or code in codes]
    await asyncio.gather(*(_rooms(services, present, found) for found in touched))
    return present


def _branches(chain: Chain) -> set[str] | None:
    """Branches whose rooms the file names; None for all, when it inspects things of which only the serial is known."""
    if any(line.row.bar not in chain.named["bars"] for line in chain.of(Inspection)):
        return None
    if any(line.row.equipment not in chain.named["equipment"] for line in chain.of(EquipmentInspection)):
        return None
    return {line.row.branch for noun in ("rooms", "bars", "equipment", "appointments") for line in chain.lines[noun]}


async def _codes(services: Services, present: Present, noun: str) -> None:
    async for item in services.items("scheduling", f"/v1/{noun}"):
        if item["code"]:
            present.by_code[noun][item["code"]] = item


async def _protocol(services: Services, present: Present, name: str) -> None:
    present.protocols[name] = await services.find("screening", f"/v1/protocols/{name}")


async def _rooms(services: Services, present: Present, branch: Found) -> None:
    codes = {}
    async for room in services.items("room_equipment", "/v1/rooms", branch_id=branch["id"]):
        codes[room["id"]] = room["code"]
        present.by_code["rooms"][f"{branch['code']} {room['code']}"] = room
    async for bar in services.items("room_equipment", "/v1/bars", branch_id=branch["id"]):
        if bar["room_id"] in codes:
            present.by_code["bars"][bar["serial"]] = bar
    async for thing in services.items("room_equipment", "/v1/equipment", branch_id=branch["id"]):
        if thing["serial"] and thing["removed_on"] is None:
            present.by_code["equipment"][thing["serial"]] = thing


async def appointments_of(
    services: Services, chain: Chain, present: Present, first: str, last: str
) -> dict[tuple[str, str, str], Found]:
    """Sessions from `first` to `last` in the file's branches, but rejected ones, by (client, treatment, start)."""
    branches = {line.row.branch for line in chain.of(Appointment)}
    ids = [id for code in branches if (id := present.id_of("branches", code))]
    span = {"from": first, "to": (datetime.fromisoformat(last) + timedelta(seconds=1)).isoformat()}
    found: dict[tuple[str, str, str], Found] = {}
    for items in await asyncio.gather(
        *(services.all("scheduling", "/v1/appointments", branch_id=id, **span) for id in ids)
    ):
        for item in items:
            if item["status"] != "rejected":
                found[item["client_id"], item["treatment_id"], instant(item["starts_at"])] = item
    return found


def instant(text: str) -> str:
    """One spelling of an RFC 3339 time."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()
