"""The evidence of one session on paper: for an inspector, an insurer, a court. No mass and no health answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.room_equipment.documents import words
from shared.kit.papers import Banner, Block, Facts, Heading, Paper, Table, Text

STATE = {
    "assigned": "assigned, not started",
    "running": "running",
    "at_risk": "running, at risk: a bar failed under it",
    "completed": "completed",
    "aborted": "aborted",
    "released": "released: cancelled, rejected or not shown up",
    "revoked": "revoked: it lost its room",
    "moved": "moved to another room",
    "replaced": "replaced",
}
_Found = Mapping[str, Any]


def paper(found: _Found, letterhead: Sequence[str], now: datetime) -> Paper:
    """`found` is what handlers.evidence gives."""
    zone = found["timezone"]
    serials = {bar["bar_id"]: bar["serial"] for bar in found["bars"]}
    blocks: list[Block] = [
        _verdict(found),
        Heading("The session"),
        Facts(_session(found, zone)),
        Heading("Bars mounted in the room then"),
        Table(
            ["Serial", "Rated load", "In service", "So from", "So until", "Bar, source"],
            [(b["serial"], words.kg(b["rated_load_kg"]), words.yes(b["in_service"]), words.time(b["as_of"], zone),
              words.time(b["until"], zone) if b["until"] else "now", f"{b['bar_id']}, {b['source']}")
             for b in found["bars"]],
            [2, 1.4, 1.2, 3, 3, 4], "No bar was mounted.",
        ),
        Heading("Clearance of the room"),
        Table(
            ["From", "To", "Proved by inspections"],
            [(words.time(p["starts_at"], zone), words.time(p["ends_at"], zone),
              "\n".join(map(str, p["inspection_ids"])))
             for p in found["clearance"]]
            + [(words.time(g["starts_at"], zone), words.time(g["ends_at"], zone), f"NOT CLEARED: {g['reason']}")
               for g in found["gaps"]],
            [3, 3, 5], "No clearance is on record.",
        ),
        Heading("Inspections on record then"),
        Table(
            ["Bar", "Performed", "Kind", "Result, valid through", "Inspector", "Record"],
            [_inspection(i, zone) for i in found["inspections"]], [1.6, 3, 2, 2.4, 3.4, 4], "None.",
        ),
        Heading("Lock-outs within a day of it"),
        Table(
            ["Bar", "Opened", "Released", "Cause", "Record, work order"],
            [(serials.get(x["bar_id"], ""), words.time(x["opened_at"], zone),
              words.time(x["released_at"], zone) if x["released_at"] else "open", f"{x['cause']}: {x['reason']}",
              f"{x['id']}\n{x['work_order_id'] or ''}") for x in found["lockouts"]],
            [1.6, 3, 3, 3, 4], "None.",
        ),
        Heading("Checks before use"),
        Table(
            ["Bar", "Checked", "Result", "Note", "By therapist", "Record"],
            [(serials.get(c["bar_id"], str(c["bar_id"])), words.time(c["checked_at"], zone),
              words.RESULT.get(c["result"], c["result"]), c["note"], str(c["therapist_id"]), str(c["id"]))
             for c in found["pre_use_checks"]],
            [1.6, 3, 1.2, 3, 3.4, 3.4], "None.",
        ),
        Heading("Fitness to perform"),
        Table(
            ["Stated", "Fit", "By therapist", "Record"],
            [(words.time(f["stated_at"], zone), words.yes(f["fit"]), str(f["therapist_id"]), str(f["id"]))
             for f in found["fitness"]],
            [3, 1, 4, 4], "None.",
        ),
        Heading("How its room changed"),
        Table(
            ["Until", "Outcome", "Reason", "Room", "Version"],
            [(words.time(h["ended_at"], zone), h["outcome"], h["reason"], str(h["room_id"]),
              str(h["assignment_version"]))
             for h in found["history"]],
            [3, 1.6, 2.4, 4, 1.2], "It did not.",
        ),
        Text(
            "From append-only records, as they stood at that time. Lock-outs within a day: house rule, not a standard. "
            "People are named by id, inspectors as in their report. What a client answered is in no evidence.",
            small=True,
        ),
    ]  # fmt: skip
    return Paper(
        title="Evidence of a session",
        subject=f"Appointment {found['appointment_id']}",
        letterhead=[*letterhead, f"Branch {found['branch_code']}"],
        blocks=blocks,
        printed=words.printed(now, zone),
        footer=f"Appointment {found['appointment_id']}",
    )


def _verdict(found: _Found) -> Banner:
    if not found["requires_bar"]:
        return Banner("This session needs no bars.")
    if found["at_risk_at"] is not None:
        return Banner("AT RISK: a bar failed while this session ran.", "bad")
    if found["cleared_to_the_end"] and found["load_sufficient"]:
        return Banner("CLEARED to its very end, turnover included; the bars' rating is sufficient.", "good")
    if found["cleared_to_the_end"]:
        return Banner("CLEARED to its very end; that the rating is sufficient is NOT PROVED.", "bad")
    return Banner("NOT CLEARED to its very end.", "bad")


def _session(found: _Found, zone: str) -> list[tuple[str, str]]:
    standing = found["standing"]
    proved = "not needed"
    if standing is not None:
        asked = f"{standing['protocol']}: allowed at the start, limits acknowledged"
        proved = asked if standing["proved_at_start"] else f"{standing['protocol']}: not started, so not yet asked"
    return [
        ("State", STATE.get(found["state"], str(found["state"]))),
        ("Room", f"{words.place(_Named(found))}, {found['room_id']}"),
        ("Therapist", str(found["therapist_id"])),
        ("Treatment", str(found["treatment_id"])),
        ("From", words.time(found["starts_at"], zone)),
        ("To", words.time(found["ends_at"], zone)),
        ("Room blocked until", words.time(found["blocked_until"], zone)),
        ("Started", words.time(found["started_at"], zone) if found["started_at"] else "not started"),
        ("Load within the rating", words.yes(found["load_sufficient"])),
        ("Screening", proved),
        ("Record", f"assignment {found['appointment_id']}, version {found['assignment_version']}"),
    ]


class _Named:
    """A room's two names, out of a mapping."""

    def __init__(self, found: _Found) -> None:
        self.room_code, self.room_name = found["room_code"], found["room_name"]


def _inspection(i: _Found, zone: str) -> tuple[str, ...]:
    credential = f"{i['inspector_credential']} until {words.day(i['credential_valid_until'])}"
    return (
        i["bar_serial"],
        words.time(i["performed_at"], zone),
        words.KIND[i["kind"]],
        f"{words.RESULT[i['result']]}, {words.day(i['valid_until'])}"
        if i["valid_until"]
        else words.RESULT[i["result"]],
        f"{i['inspector_name']}, {i['inspector_organisation']}\n{credential}",
        f"{i['id']}\nrecorded {words.time(i['recorded_at'], zone)}",
    )
