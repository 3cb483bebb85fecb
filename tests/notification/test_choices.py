"""Letters by which a client can act: the link to choose by, what else suits them, and what the branch hears of it."""

from typing import Any
from uuid import UUID

import pytest

from services.notification.domain.messages import Purpose
from services.notification.wordings import built_in
from shared.events.scheduling import (
    AppointmentCallRequested,
    AppointmentCancelled,
    AppointmentDisplaced,
    AppointmentEscalated,
)
from shared.kit.ids import new_id
from tests.notification.conftest import Notification

LOCALES = ("en", "de", "es", "zh-Hans")
LINK = "https://spa.example/choices/dGhpcyBpcyBhIHRva2Vu"
HEALTH = ("health", "screening", "declin", "suit", "condition", "Gesundheit", "abgelehnt", "salud", "rechaz", "健康")


def displaced(notification: Notification, **changes: Any) -> AppointmentDisplaced:
    booking = notification.booking(status="needs_attention", **changes) | {"room_id": None}
    return AppointmentDisplaced(**booking, moved=False, previous_room_id=new_id(), reason="failed")


def cancelled(notification: Notification, **changes: Any) -> AppointmentCancelled:
    return AppointmentCancelled(**notification.booking(status="cancelled", **changes), reason="screening")


def put(notification: Notification, kind: str, appointment_id: UUID, **fields: Any) -> None:
    """What scheduling answers of this appointment."""
    notification.scheduling.rows[kind][str(appointment_id)] = {"id": str(appointment_id)} | fields


def body_of(notification: Notification, address: str = "ana@example.org") -> str:
    [mail] = notification.mail_server.to(address)
    return str(mail.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("locale", LOCALES)
async def test_who_lost_the_room_gets_the_link_asked_for_right_before_sending(
    notification: Notification, locale: str
) -> None:
    event = displaced(notification, client_id=notification.scheduling.client(locale=locale))
    put(notification, "choices", event.appointment_id, address=LINK)
    await notification.hear(event)
    assert LINK not in str(await notification.rows()), "it is kept nowhere"
    await notification.turn()
    body = body_of(notification)
    assert LINK in body.split("\n"), "on a line of its own, so that every mail program finds it"
    assert "{" not in body


async def test_without_a_link_the_letter_goes_out_all_the_same(notification: Notification) -> None:
    await notification.hear(displaced(notification))
    await notification.turn()
    assert "cancel without a fee" in body_of(notification)


async def test_a_scheduling_that_gives_no_link_now_is_asked_again(notification: Notification) -> None:
    event = displaced(notification)
    put(notification, "choices", event.appointment_id, address=LINK)
    notification.scheduling.without = {"choices"}
    await notification.hear(event)
    await notification.turn()
    assert notification.mail_server.to("ana@example.org") == []
    notification.scheduling.without = set()
    await notification.let_time_pass()
    await notification.turn()
    assert LINK in body_of(notification)


@pytest.mark.parametrize("locale", LOCALES)
async def test_who_loses_a_session_by_screening_is_told_of_other_treatments_and_of_no_reason(
    notification: Notification, locale: str
) -> None:
    event = cancelled(notification, client_id=notification.scheduling.client(locale=locale))
    offered = [{"id": str(new_id()), "code": "x", "name": name} for name in ("Foot bath", "Tea & rest <30>")]
    put(notification, "suitable-treatments", event.appointment_id, treatments=offered)
    await notification.hear(event)
    await notification.turn()
    [mail] = notification.mail_server.to("ana@example.org")
    body = body_of(notification)
    assert "- Foot bath\n- Tea & rest <30>\n" in body
    told = f"{mail['Subject']} {body} {[row.template for row in await notification.rows()]}".lower()
    assert [word for word in HEALTH if word.lower() in told] == []


async def test_with_nothing_to_offer_it_is_the_plain_cancellation(notification: Notification) -> None:
    event = cancelled(notification)
    put(notification, "suitable-treatments", event.appointment_id, treatments=[])
    await notification.hear(event)
    await notification.turn()
    assert "To find another time" in body_of(notification)


async def test_what_nobody_acted_on_is_told_the_branch_in_one_mail_and_once(notification: Notification) -> None:
    branch = notification.scheduling.branch()
    events = []
    for status in ("needs_attention", "checked_in", "confirmed", "cancelled"):
        booking = notification.booking(status=status, branch_id=branch)
        kind = "displaced" if status == "needs_attention" else "therapist_needed"
        events.append(AppointmentEscalated(**booking, attention_id=new_id(), kind=kind, owner="manager"))
    ids = await notification.hear(*events)
    await notification.turn()
    await notification.hear(*events, ids=ids)
    await notification.turn()
    [mail] = notification.mail_server.to("desk@madrid.example")
    assert str(mail["Subject"]).endswith(": 3"), "what is off needs nobody"


async def test_a_client_who_wants_to_be_called_is_told_to_the_branch_while_it_is_so(notification: Notification) -> None:
    branch = notification.scheduling.branch()
    for status in ("needs_attention", "confirmed"):
        booking = notification.booking(status=status, branch_id=branch)
        await notification.hear(AppointmentCallRequested(**booking, attention_id=new_id()))
    await notification.turn()
    [mail] = notification.mail_server.to("desk@madrid.example")
    subject = built_in()["es"].texts[Purpose.CALL_BACK].subject.pieces
    assert str(mail["Subject"]).startswith("Caibei Madrid" + subject[2][:10])
