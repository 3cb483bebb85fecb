"""Sessions as calendar entries: what a client's calendar says, and a therapist's.

Both end up on phones and in the clouds of others, so neither says anything about a body. The client's names the branch,
not the treatment, unless the chain decides otherwise (`calendar_title`); the therapist's names treatment and room, and
no client at all (ADR 0032).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from shared.kit.calendars import Entry, Method, Party, Status

Title = Literal["neutral", "treatment"]
_STATUS: dict[str, Status] = {
    "pending": "TENTATIVE",
    "needs_attention": "TENTATIVE",
    "cancelled": "CANCELLED",
    "rejected": "CANCELLED",
}
_TITLE = {"en": "Appointment: {}", "de": "Termin: {}", "es": "Cita: {}", "zh": "预约：{}"}
_REACH = {
    "en": "To change or cancel: {}",
    "de": "Zum Ändern oder Absagen: {}",
    "es": "Para cambiar o cancelar: {}",
    "zh": "更改或取消请联系：{}",
}


def status(of: str) -> Status:
    """What a calendar calls an appointment's status: a session that is or was to be is confirmed."""
    return _STATUS.get(of, "CONFIRMED")


def method(of: str, wanted: Literal["publish", "request"]) -> Method:
    """What a calendar is to do with the entry: a cancelled one is taken out, whatever was wanted."""
    if status(of) == "CANCELLED":
        return "CANCEL"
    return "REQUEST" if wanted == "request" else "PUBLISH"


def for_client(row: Any, title: Title, wanted: Literal["publish", "request"], now: datetime) -> Entry:
    """`row`: of store.calendars.of_appointment. Only a REQUEST, which goes to the client alone, names the client."""
    language = _language(row.client_locale or row.branch_locale)
    reach = " · ".join(part for part in (row.phone, row.contact_email) if part)
    attendee = None
    if wanted == "request" and row.client_email:
        attendee = Party(f"mailto:{row.client_email}", row.client_name or row.client_email)
    return Entry(
        uid=str(row.id),
        sequence=row.version,
        zone=ZoneInfo(row.timezone),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        summary=row.treatment_name if title == "treatment" else _TITLE[language].format(row.branch_name),
        status=status(row.status),
        created_at=row.created_at,
        changed_at=row.updated_at,
        stamped_at=now,
        location=", ".join(part for part in (row.branch_name, row.address) if part),
        description=_REACH[language].format(reach) if reach else "",
        contact=", ".join(part for part in (row.branch_name, row.phone) if part),
        organizer=_organizer(row),
        attendee=attendee,
    )


def for_therapist(rows: Iterable[Any]) -> list[Entry]:
    """`rows`: of store.calendars.of_therapist. No name, address or wish of any client."""
    return [
        Entry(
            uid=str(row.id),
            sequence=row.version,
            zone=ZoneInfo(row.timezone),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            summary=" · ".join(part for part in (row.treatment_name, row.room_code) if part),
            status=status(row.status),
            created_at=row.created_at,
            changed_at=row.updated_at,
            stamped_at=row.updated_at,
            location=row.branch_name if not row.room_code else f"{row.branch_name}, {row.room_code}",
        )
        for row in rows
    ]


def _organizer(row: Any) -> Party:
    """The branch; without a mail address by its id, because a method needs an organizer (RFC 5546)."""
    address = f"mailto:{row.contact_email}" if row.contact_email else f"urn:uuid:{row.branch_id}"
    return Party(address, row.branch_name)


def _language(locale: str) -> str:
    language = locale.partition("-")[0].lower()
    return language if language in _TITLE else "en"
