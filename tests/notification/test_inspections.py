"""Certificates that end: one mail a branch with all of them, and only while it is true."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.events.room_equipment import (
    BarInspectionDue,
    BarInspectionExpired,
    EquipmentInspectionDue,
    EquipmentInspectionExpired,
    SessionAtRisk,
)
from shared.kit.ids import new_id
from tests.notification.conftest import Notification

END = datetime(2027, 3, 28, 22, tzinfo=UTC)  # the end of the 28th in Madrid, a day of 23 hours


def asset(notification: Notification, kind: str = "bar", **changes: Any) -> UUID:
    """What room-equipment says of it."""
    said = {"asset": "bar" if kind == "bar" else "equipment", "name": "ceiling", "serial": "MAD-2A",
            "room_code": "2", "certified_until": END.isoformat()}  # fmt: skip
    return notification.scheduling.add("assets", **(said | changes))


def place(branch: UUID, end: datetime = END) -> dict[str, Any]:
    return {"room_id": new_id(), "branch_id": branch, "valid_until": end}


async def test_a_branch_is_told_of_all_that_ends_in_one_mail_in_its_language(notification: Notification) -> None:
    branch = notification.scheduling.branch(contact_email="one@madrid.example")
    bar = asset(notification)
    strap = asset(notification, "strap", name="Strap pair\r\nBcc: x@y.example", serial="ST-9", room_code="3")
    other = notification.scheduling.branch(contact_email="two@madrid.example", locale="en")
    ids = await notification.hear(
        BarInspectionDue(**place(branch), bar_id=bar, days_left=7),
        EquipmentInspectionDue(**place(branch), equipment_id=strap, days_left=7),
        BarInspectionExpired(**place(other), bar_id=asset(notification, serial="MAD-9")),
    )
    await notification.hear(BarInspectionDue(**place(branch), bar_id=bar, days_left=7), ids=ids[:1])
    await notification.turn()
    (mail,) = notification.mail_server.to("one@madrid.example")
    assert mail["Subject"] == "Caibei Madrid: certificados que terminan pronto: 2" and "Bcc" not in mail
    lines = mail.get_content().splitlines()
    last = "domingo 28 de marzo de 2027, 23:59 (UTC+02:00)"
    assert f"- {last}: sala 2, MAD-2A" in lines and f"- {last}: sala 3, Strap pair Bcc: x@y.example ST-9" in lines
    (lapsed,) = notification.mail_server.to("two@madrid.example")
    assert lapsed["Subject"] == "Caibei Madrid: certificates that have ended: 1" and "MAD-9" in lapsed.get_content()
    assert {row.state for row in await notification.rows()} == {"sent"}
    sent = await notification.rows("SELECT payload FROM outbox WHERE type LIKE '%message.sent%'")
    assert len(sent) == 3


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ({"certified_until": (END + timedelta(days=180)).isoformat()}, "inspected_since"),
        ({"certified_until": None}, "inspected_since"),
        (None, "asset_gone"),
    ],
)
async def test_what_was_inspected_or_removed_meanwhile_is_told_to_nobody(
    notification: Notification, now: dict[str, Any] | None, reason: str
) -> None:
    bar = asset(notification)
    await notification.hear(
        BarInspectionDue(**place(notification.scheduling.branch()), bar_id=bar, days_left=1),
        EquipmentInspectionExpired(**place(notification.scheduling.branch()), equipment_id=bar),
    )
    if now is None:
        del notification.scheduling.rows["assets"][str(bar)]
    else:
        notification.scheduling.change(bar, **now)
    await notification.turn()
    assert notification.mail_server.mails == []
    assert {row.reason for row in await notification.rows()} == {reason}


async def test_a_room_equipment_that_is_away_holds_up_only_what_is_about_its_things(notification: Notification) -> None:
    notification.scheduling.without.add("assets")
    try:
        await notification.hear(
            BarInspectionDue(**place(notification.scheduling.branch()), bar_id=asset(notification), days_left=1),
            notification.confirmed(),
        )
        await notification.turn()
        states = await notification.states()
    finally:
        notification.scheduling.without.clear()
    assert states["confirmed to client"] == "sent"
    assert states["inspection-due to branch"] == "queued room-equipment_unavailable"
    await notification.let_time_pass()
    notification.sender.resumes = 0
    await notification.turn()
    assert (await notification.states())["inspection-due to branch"] == "sent"


async def test_a_session_whose_room_closes_is_told_of_its_room_not_of_a_bar(notification: Notification) -> None:
    booking = notification.booking()
    fields = {name: booking[name] for name in ("appointment_id", "branch_id", "room_id", "attempt")}
    await notification.hear(
        SessionAtRisk(**fields, assignment_version=3, bar_id=None, at_risk_at=END, reason="room_closed")
    )
    await notification.turn()
    (mail,) = notification.mail_server.to("desk@madrid.example")
    assert mail["Subject"] == "Caibei Madrid: la sala de una sesión en curso cierra antes de que termine"
    assert "28 de marzo de 2027" not in mail.get_content()  # 22:00 UTC is midnight: the 29th begins
