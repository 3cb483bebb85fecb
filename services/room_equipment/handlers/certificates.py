"""Certificates, labels and placards of bars: what they say is read in one transaction and printed after it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.room_equipment.documents import certificate, words
from services.room_equipment.domain.clearance import foresee
from services.room_equipment.domain.errors import step
from services.room_equipment.domain.labels import address, holds
from services.room_equipment.domain.placards import NoCertificate, placard
from services.room_equipment.handlers import found, rulebook
from services.room_equipment.settings import Settings
from services.room_equipment.store import placards, projections, rooms
from shared.errors import Invalid, NotFound, Refused
from shared.kit.auth import Principal
from shared.kit.database import Transaction
from shared.kit.downloads import fingerprint
from shared.kit.papers import Grid, Label, Labels, Paper

MOST_LABELS = 2_000
A4_MM = (210, 297)


@dataclass(frozen=True, slots=True)
class Printable:
    """A paper, a name for its file, and the ETag of what it says."""

    paper: Paper | Labels
    name: str
    etag: str = ""


def page_of(bar_id: UUID, settings: Settings, console_url: str) -> str | None:
    """The address of a bar's page, if this installation prints labels."""
    key = settings.label_key.get_secret_value()
    return address(settings.label_url or console_url, key, bar_id) if key else None


async def report(
    tx: Transaction, who: Principal, bar_id: UUID, inspection_id: UUID | None, settings: Settings, console_url: str
) -> Printable:
    """The certificate in force; or this inspection's report, with what it is worth now.

    Raises:
        NotFound: no such bar, or no such inspection of it.
        Refused: `no_certificate`.
    """
    bar = await found.bar(tx, who, bar_id)
    row = await placards.get(tx, bar_id)
    now = datetime.now(UTC)
    said = placard(placards.facts(row), now)
    if inspection_id is None and (said.why is not None or row.inspection_id is None):
        raise NoCertificate(said, bar_id)
    inspection = await placards.inspection(tx, bar_id, inspection_id or row.inspection_id)
    if inspection is None:
        raise NotFound("inspection_not_found", "There is no such inspection of this bar.")
    stands = certificate.standing(row, inspection, said, now)
    months = (await rulebook.rules_of(tx, bar.branch_id)).inspection_interval_months
    head = [*settings.letterhead_lines, f"Branch {row.branch_code}"]
    url = page_of(bar_id, settings, console_url)
    paper = certificate.paper(
        row, inspection, stands, interval_months=months, letterhead=head, address=url, now=now
    )  # fmt: skip
    # Not the time of print: the same certificate printed again is the same certificate.
    etag = fingerprint(inspection.id, stands.key, row.version, row.room_version, row.branch_code, months, head, url)
    return Printable(paper, f"certificate-{row.branch_code}-{inspection.bar_serial}", etag)


async def labels_of_branch(
    tx: Transaction, who: Principal, branch_id: UUID, grid: Grid, settings: Settings, console_url: str
) -> Printable:
    """Labels of all mounted bars of a branch, on sheets."""
    who.must_see(branch_id, "branch_not_found", "There is no such branch.")
    branch = await projections.branch(tx, branch_id)
    if branch is None:
        raise NotFound("branch_not_found", "There is no such branch.")
    rows = await placards.of_branch(tx, branch_id, MOST_LABELS)
    if not rows:
        raise Refused(
            "no_bars", "No bar is mounted in this branch; there is nothing to label.", next=[step("mount_bar")]
        )
    made = [_label(row, settings, console_url) for row in rows]
    return Printable(Labels(f"Labels of branch {branch.code}", made, grid), f"labels-{branch.code}")


async def label_of_bar(
    tx: Transaction, who: Principal, bar_id: UUID, settings: Settings, console_url: str
) -> Printable:
    """One label, the size of the page."""
    await found.bar(tx, who, bar_id)
    row = await placards.get(tx, bar_id)
    return Printable(Labels(f"Label of bar {row.serial}", [_label(row, settings, console_url)]), f"label-{row.serial}")


def _label(row: Any, settings: Settings, console_url: str) -> Label:
    url = page_of(row.bar_id, settings, console_url)
    if url is None:
        raise Refused(
            "labels_need_a_key",
            "Labels are signed, and there is no key: set CAIBEI_ROOM_EQUIPMENT_LABEL_KEY.",
            next=[step("set_up", setting="CAIBEI_ROOM_EQUIPMENT_LABEL_KEY")],
        )
    return Label(url, row.serial, [f"max. {words.kg(row.rated_load_kg)}", f"Room {words.place(row)}", row.branch_code])


def check_grid(grid: Grid) -> None:
    """
    Raises:
        Invalid: the labels do not fit on A4.
    """
    if (
        grid.left_mm + grid.columns * grid.width_mm > A4_MM[0] + 0.5
        or grid.top_mm + grid.rows * grid.height_mm > A4_MM[1] + 0.5
    ):
        raise Invalid("labels_do_not_fit", "A sheet is 210 x 297 mm: fewer columns or rows, or smaller labels.")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a placard shows of a bar, and of the room it hangs in."""

    bar_id: UUID
    branch_code: str
    timezone: str
    room_code: str
    room_name: str
    serial: str
    rated_load_kg: Decimal
    state: str
    reason: str | None
    since: datetime | None
    certified_until: date | None
    next_due: date | None
    room_cleared: bool
    room_reason: str | None
    read_at: datetime


async def show_placard(tx: Transaction, who: Principal, bar_id: UUID, said: str, settings: Settings) -> Shown:
    """What the bar's page shows to who holds its label.

    Raises:
        NotFound: no such bar, or the signature is not that of its label.
    """
    if not holds(settings.label_keys, bar_id, said):
        raise NotFound("bar_not_found", "There is no such bar.")
    await found.bar(tx, who, bar_id)
    row = await placards.get(tx, bar_id)
    now = datetime.now(UTC)
    shown = placard(placards.facts(row), now)
    (room,) = await rooms.states(tx, [row.room_id])
    cleared, gap = foresee(room.bars, now, bars_required=room.bars_required, in_service=room.in_service)
    return Shown(
        bar_id=bar_id,
        branch_code=row.branch_code,
        timezone=row.timezone,
        room_code=row.room_code,
        room_name=row.room_name,
        serial=row.serial,
        rated_load_kg=row.rated_load_kg,
        state=shown.state,
        reason=shown.why,
        since=shown.since,
        certified_until=row.valid_until if shown.why is None else None,
        next_due=row.valid_until,
        room_cleared=cleared is not None,
        room_reason=None if cleared is not None else gap.reason,
        read_at=now,
    )
