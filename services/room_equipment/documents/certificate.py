"""A report of thorough examination, with what LOLER 1998, schedule 1, asks of one; in force, it is the certificate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.room_equipment.documents import words
from services.room_equipment.domain.placards import Placard
from shared.kit.papers import Banner, Block, Code, Facts, Heading, Paper, Table, Text


@dataclass(frozen=True, slots=True)
class Standing:
    """What this report is worth now, in words, and the banner's tone. `key` is what an ETag holds of it."""

    text: str
    tone: Any
    key: str


def standing(row: Any, report: Any, said: Placard, now: datetime) -> Standing:
    """`row` is the bar as it is now, `report` the inspection that is printed."""
    if report.result == "fail":
        after = f" Superseded on {words.time(report.next_at, row.timezone)}." if report.next_id else ""
        return Standing(f"FAILED: this report certifies nothing.{after}", "bad", f"failed {report.next_id}")
    if report.next_id is not None:
        return Standing(
            f"SUPERSEDED by inspection {report.next_id}, recorded {words.time(report.next_at, row.timezone)}.",
            "bad", f"superseded {report.next_id}",
        )  # fmt: skip
    if said.why == "lapsed":
        return Standing(f"LAPSED: it was valid through {words.day(report.valid_until)}.", "bad", "lapsed")
    if said.why is not None:
        since = f" since {words.time(said.since, row.timezone)}"
        return Standing(f"NOT IN FORCE: the bar is {words.WHY[said.why]}{since}.", "bad", f"{said.why} {said.since}")
    tone = "warning" if report.result == "pass_with_conditions" else "good"
    with_conditions = " with conditions" if report.result == "pass_with_conditions" else ""
    return Standing(f"IN FORCE{with_conditions}: valid through {words.day(report.valid_until)}.", tone, "in force")


def paper(
    row: Any, report: Any, stands: Standing, *, interval_months: int, letterhead: Sequence[str], address: str | None,
    now: datetime,
) -> Paper:  # fmt: skip
    """The document; `address` is that of the bar's page, for the code."""
    zone = row.timezone
    certifies = report.result != "fail"
    blocks: list[Block] = [
        Banner(stands.text, stands.tone),
        Heading("What was examined"),
        Facts(_equipment(row, report)),
        Heading("The examination"),
        Facts(_examination(row, report, interval_months)),
        Heading("What was looked at"),
        Table(
            ["Item", "Result", "Note"],
            [(_text(item, "item"), words.ITEM.get(_text(item, "result"), ""), _text(item, "note"))
             for item in report.checklist],
            [4, 1.2, 5],
            "No checklist was recorded.",
        ),
        Heading("Examined by"),
        Facts(_inspector(report)),
    ]  # fmt: skip
    record = [("Record", str(report.id)), ("Number in this bar's history", str(report.sequence))]
    if report.record_hash:
        record.append(("Hash of the record (SHA-256)", report.record_hash))
    blocks += [Heading("The record"), Facts([*record, ("Recorded", words.time(report.recorded_at, zone))])]
    if address:
        blocks.append(Code(address, "Opens this bar's page: whether it is certified at the moment you look."))
    blocks.append(Text("This record is never changed, only followed by another.", small=True))
    title = "Certificate of thorough examination" if certifies else "Report of thorough examination"
    return Paper(
        title=title,
        subject=f"Balancing bar {report.bar_serial}, branch {row.branch_code}",
        letterhead=letterhead,
        blocks=blocks,
        printed=words.printed(now, zone),
        footer=f"Bar {report.bar_serial} · record {report.id}",
    )


def _equipment(row: Any, report: Any) -> list[tuple[str, str]]:
    diameter = f", {row.diameter_mm.normalize():f} mm" if row.diameter_mm is not None else ""
    facts = [
        ("Equipment", "Ceiling-mounted balancing bar that carries a person"),
        ("Serial", report.bar_serial),
        ("Safe working load (rated)", words.kg(report.rated_load_kg)),
        ("Room", words.place(report)),
        ("Branch", row.branch_code),
        ("Mounting", row.mounting),
        ("Material", f"{row.material or 'not recorded'}{diameter}"),
        ("Installed", words.day(row.installed_on) + (f" by {row.installed_by}" if row.installed_by else "")),
    ]
    if row.rated_load_kg != report.rated_load_kg:
        facts.insert(3, ("Rated load today", words.kg(row.rated_load_kg)))
    if row.serial != report.bar_serial or row.room_id != report.room_id:
        facts.append(("Today", f"serial {row.serial}, room {words.place(row)}"))
    return facts


def _examination(row: Any, report: Any, interval_months: int) -> list[tuple[str, str]]:
    facts = [
        ("Date of thorough examination", words.time(report.performed_at, row.timezone)),
        ("Kind", words.KIND[report.kind]),
        ("Load test", words.kg(report.load_test_kg)),
        ("Result", words.RESULT[report.result]),
        ("Defects and flags", _defects(report)),
    ]
    if report.conditions:
        facts.append(("Conditions", f"{report.conditions}\nDeadline: {words.day(report.valid_until)}"))
    if report.note:
        facts.append(("Note", report.note))
    if report.result != "fail":
        facts += [
            ("Valid through", f"{words.day(report.valid_until)}, the whole day in {row.timezone}"),
            ("Next examination due", f"no later than {words.day(report.valid_until)}"),
            ("Interval", f"at most {interval_months} months: house rule, not a standard"),
        ]
    return facts


def _defects(report: Any) -> str:
    found = [item for item in report.checklist if _text(item, "result") != "pass"]
    return "\n".join(f"{words.ITEM.get(_text(i, 'result'), '')}: {_text(i, 'item')}" for i in found) or "none"


def _inspector(report: Any) -> list[tuple[str, str]]:
    return [
        ("Name", report.inspector_name),
        ("Organisation", report.inspector_organisation or "not recorded"),
        ("Credential", f"{report.inspector_credential}, valid until {words.day(report.credential_valid_until)}"),
    ]


def _text(item: Any, name: str) -> str:
    return str(item.get(name) or "") if isinstance(item, dict) else ""
