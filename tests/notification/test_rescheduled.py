"""What a client is told of a new time, and what waits while it is being asked for."""

from datetime import timedelta

import pytest

from shared.events.scheduling import AppointmentRescheduled
from tests.notification.conftest import Notification
from tests.notification.world import START

SUBJECTS = {"en": "Changed: ", "de": "Geändert: ", "es": "Modificada: ", "zh-Hans": "预约已更改："}


@pytest.mark.parametrize("locale", SUBJECTS)
async def test_a_change_is_told_in_the_clients_language(notification: Notification, locale: str) -> None:
    client = notification.scheduling.client(locale=locale)
    booking = notification.booking(client_id=client)
    await notification.hear(AppointmentRescheduled(**booking, previous_starts_at=START - timedelta(hours=2)))
    await notification.turn()
    [mail] = notification.mail_server.to("ana@example.org")
    assert str(mail["Subject"]).startswith(SUBJECTS[locale])


async def test_a_confirmation_waits_while_another_slot_is_asked_for(notification: Notification) -> None:
    """Refused, the old slot stands, and the client has never heard of it."""
    confirmed = notification.confirmed()
    await notification.hear(confirmed)
    notification.scheduling.change(confirmed.appointment_id, status="pending")
    await notification.turn()
    assert await notification.states() == {"confirmed to client": "queued now_pending"}
    notification.scheduling.change(confirmed.appointment_id, status="confirmed")
    await notification.let_time_pass()
    await notification.turn()
    assert await notification.states() == {"confirmed to client": "sent"}
    assert [row.attempts for row in await notification.rows()] == [1]


async def test_a_confirmation_of_a_slot_that_was_left_is_not_sent(notification: Notification) -> None:
    confirmed = notification.confirmed()
    await notification.hear(confirmed)
    later = START + timedelta(hours=2)
    notification.scheduling.change(confirmed.appointment_id, starts_at=later.isoformat())
    moved = confirmed.model_dump() | {"starts_at": later, "previous_starts_at": START}
    await notification.hear(AppointmentRescheduled(**moved))
    await notification.turn()
    assert await notification.states() == {
        "confirmed to client": "dropped rescheduled",
        "rescheduled to client": "sent",
    }


async def test_a_session_that_follows_a_changed_clock_is_no_news_to_its_client(notification: Notification) -> None:
    before = START - timedelta(hours=1)
    moved = notification.booking() | {"previous_starts_at": before, "reason": "zone_rules_changed"}
    await notification.hear(AppointmentRescheduled(**moved))
    assert await notification.states() == {}
