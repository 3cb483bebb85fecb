"""The paper a person gets of what screening keeps of them: the questions as they were asked, with each answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.screening.handlers.export import Export
from shared.kit.papers import Block, Facts, Heading, Paper, Table, Text


def of_person(found: Export) -> Paper:
    """All of an export, oldest first. What was answered is in the locale of the export, the frame in English."""
    blocks: list[Block] = [
        Text(
            "Everything that screening keeps of you: what you were asked and answered, what was decided, letters of"
            " professionals, and when your answers were read. Scans of letters are separate files.",
        )
    ]
    for screening in found.screenings:
        blocks += _screening(screening)
    for arrival in found.arrivals:
        blocks += [
            Heading(f"At the door, {arrival['local_day']}"),
            Facts([("Treatment protocol", _protocol(arrival)), ("Answered", _time(arrival["answered_at"]))]),
            _answers(arrival["answers"]),
        ]
    blocks += [
        Heading("Where you stand"),
        Table(
            ["Protocol", "Holds until", "Declined", "Letter holds until"],
            [
                (
                    _protocol(row),
                    str(row["valid_until"]),
                    "yes" if row["declined"] else "no",
                    _said(row["letter_until"]),
                )
                for row in found.standings
            ],
        ),
        Heading("When your answers were read"),
        Table(
            ["When", "What", "Why"],
            [
                (_time(row["at"]), row["action"].replace("_", " "), row["reason"] or "not said")
                for row in found.readings
            ],
            [2, 2, 4],
        ),
    ]
    return Paper(
        title="Your health answers",
        letterhead=["Caibei screening"],
        subject=f"Client {found.client_id}",
        blocks=blocks,
        printed=f"Printed {_time(found.at)}",
        footer="Health data: keep it safe.",
    )


def _screening(row: Mapping[str, Any]) -> list[Block]:
    facts = [
        ("Decision", row["outcome"].replace("_", " ")),
        ("Decided", _time(row["decided_at"])),
        ("Holds until", str(row["valid_until"])),
    ]
    head: list[Block] = [Heading(f"{_protocol(row)}, {row['decided_at']:%Y-%m-%d}")]
    if row["erased"]:
        return [*head, Facts(facts), Text("The answers behind this decision were erased.")]
    signed = row["signed_by"]
    facts.append(
        ("Signed by", f"{signed['name']} ({signed['relationship']}), {_time(datetime.fromisoformat(row['signed_at']))}")
    )
    told = [("Reason", each["code"], each["detail"]) for each in row["reasons"]]
    told += [("Limit", each["code"], each["detail"]) for each in row["limits"]]
    return [
        *head,
        Facts(facts),
        Text(row["advisory"], small=True),
        _answers(row["answers"]),
        *([Table(["What", "Code", "In words"], told, [1, 2, 5])] if told else []),
        *(block for letter in row["clearances"] for block in _letter(letter)),
    ]


def _letter(letter: Mapping[str, Any]) -> list[Block]:
    professional, document = letter["professional"], letter["document"]
    by = ", ".join(filter(None, (professional["name"], professional["role"], professional["registration"])))
    kept = f"{document['filename']} ({document['bytes']} bytes)" if isinstance(document, dict) else _said(document)
    return [
        Facts(
            [
                ("Letter by", by),
                ("Verdict", letter["verdict"].replace("_", " ")),
                ("Limits", "; ".join(letter["limits"]) or "none"),
                ("Issued, holds until", f"{letter['issued_on']}, {_said(letter['valid_until'])}"),
                ("Document", kept),
            ]
        )
    ]


def _answers(answers: list[dict[str, Any]]) -> Table:
    rows = [(each["text"] or each["question"], each["said"]) for each in answers]
    return Table(["Question", "Answer"], rows, [5, 1])


def _protocol(row: Mapping[str, Any]) -> str:
    return f"{row['protocol']}, version {row['protocol_version']}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _said(value: Any) -> str:
    return "-" if value is None else str(value)
