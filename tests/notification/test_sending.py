"""From an event to a mail: who is told what, what is not true any more, and what happens when something is away."""

import pytest

from services.notification.asking import Scheduling as Asking
from services.notification.bell import Bell
from services.notification.sender import Sender
from shared.events.room_equipment import SessionAtRisk, SessionOverran
from shared.kit.ids import new_id
from tests.notification.conftest import Notification
from tests.notification.world import START


def at_risk(notification: Notification, **changes: object) -> SessionAtRisk:
    booking = notification.booking("in_progress")
    return SessionAtRisk.model_validate(
        booking | {"assignment_version": 3, "bar_id": new_id(), "at_risk_at": START} | changes
    )


async def test_a_confirmed_booking_writes_to_its_client_in_their_language_and_the_branchs_time(
    notification: Notification,
) -> None:
    client = notification.scheduling.client(locale="zh-CN", name="王芳")
    (event_id,) = await notification.hear(notification.confirmed(client_id=client))
    await notification.turn()

    (mail,) = notification.mail_server.to("ana@example.org")
    text = mail.get_content()
    assert "预约已确认" in str(mail["Subject"])
    assert "王芳" in text
    assert "Caibei Madrid" in text
    assert "Back-stepping 60" in text
    assert "UTC+01:00" in text or "UTC+02:00" in text
    assert mail["Message-ID"] == f"<{event_id}.client@caibei.test>"
    assert mail["Reply-To"] == "desk@madrid.example"
    assert await notification.states() == {"confirmed to client": "sent"}
    assert await notification.announced() == ["caibei.notification.message.sent.v1"]


async def test_an_event_that_is_handled_twice_writes_once(notification: Notification) -> None:
    event = notification.confirmed()
    ids = await notification.hear(event)
    await notification.hear(event, ids=ids)
    await notification.turn()
    assert len(notification.mail_server.mails) == 1


async def test_a_booking_cancelled_before_its_confirmation_went_out_gets_only_the_cancellation(
    notification: Notification,
) -> None:
    confirmed = notification.confirmed()
    await notification.hear(confirmed)
    notification.scheduling.change(confirmed.appointment_id, status="cancelled")
    await notification.hear(notification.cancelled(confirmed))
    await notification.turn()
    assert [str(mail["Subject"]).partition(":")[0] for mail in notification.mail_server.to("ana@example.org")] == [
        "Cancelled"
    ]
    assert await notification.states() == {
        "confirmed to client": "dropped now_cancelled",
        "cancelled to client": "sent",
    }


async def test_a_moved_session_tells_the_client_and_not_the_branch(notification: Notification) -> None:
    await notification.hear(notification.displaced(moved=True))
    await notification.turn()
    assert await notification.states() == {"moved to client": "sent"}


async def test_a_session_without_a_room_tells_the_client_and_the_branch(notification: Notification) -> None:
    await notification.hear(notification.displaced(moved=False))
    await notification.turn()
    assert await notification.states() == {"needs-change to client": "sent", "attention to branch": "sent"}
    (mail,) = notification.mail_server.to("desk@madrid.example")
    assert str(mail["Subject"]) == "Caibei Madrid: sesiones que se han quedado sin sala: 1"
    assert "Back-stepping 60" in mail.get_content()
    assert "Ana" not in mail.get_content()


async def test_a_branch_is_told_of_all_its_sessions_without_a_room_in_one_mail(notification: Notification) -> None:
    branch, other = notification.scheduling.branch(), notification.scheduling.branch(contact_email="b@other.example")
    lost = [notification.displaced(moved=False, branch_id=branch) for _ in range(30)]
    accepted = notification.displaced(moved=False, branch_id=branch)
    notification.scheduling.change(accepted.appointment_id, status="confirmed")
    await notification.hear(*lost, accepted, notification.displaced(moved=False, branch_id=other))
    await notification.turn()

    (mail,) = notification.mail_server.to("desk@madrid.example")
    assert str(mail["Subject"]).endswith(": 30")
    assert mail.get_content().count("Back-stepping 60") == 30
    assert len(notification.mail_server.to("b@other.example")) == 1
    states = [(row.state, row.attempts) for row in await notification.rows() if row.template == "attention"]
    assert sorted(states) == [("dropped", 0)] + [("sent", 1)] * 31


async def test_nobody_is_told_of_the_cancellation_that_their_erasure_brought(notification: Notification) -> None:
    await notification.hear(notification.cancelled(notification.confirmed(), reason="erased"))
    assert await notification.states() == {}


async def test_a_session_at_risk_goes_before_everything_that_waited_longer(notification: Notification) -> None:
    notification.settings = notification.settings.model_copy(update={"batch": 1})
    sender = Sender(notification.database, Asking(notification.peers), notification.settings, Bell())
    await notification.hear(*[notification.confirmed() for _ in range(3)])
    await notification.hear(at_risk(notification))
    await sender.turn(notification.connections)
    ((to, mail),) = notification.mail_server.mails
    assert to == "desk@madrid.example"
    assert str(mail["Subject"]).startswith("AHORA")


async def test_a_session_at_risk_is_told_while_scheduling_is_down_if_its_branch_is_remembered(
    notification: Notification,
) -> None:
    branch = notification.scheduling.branch()
    await notification.hear(notification.confirmed(branch_id=branch))
    await notification.turn()
    notification.scheduling.down = True
    await notification.hear(notification.confirmed(branch_id=branch), at_risk(notification, branch_id=branch))
    await notification.turn()
    assert len(notification.mail_server.to("desk@madrid.example")) == 1
    assert len(notification.mail_server.mails) == 2, "the confirmation that waits with it is not sent unasked"


async def test_a_session_at_risk_names_the_therapist_so_that_the_room_is_found(notification: Notification) -> None:
    await notification.hear(at_risk(notification))
    await notification.turn()
    ((_, mail),) = notification.mail_server.mails
    assert "Terapeuta: Mei Lin" in mail.get_content()
    assert "Tratamiento: Back-stepping 60" in mail.get_content()


async def test_a_session_that_overran_is_told_the_branch_at_once_and_in_its_language(
    notification: Notification,
) -> None:
    booking = notification.booking("in_progress")
    overran = SessionOverran.model_validate(
        booking | {"assignment_version": 2, "therapist_id": new_id(), "blocked_until": START, "overran_at": START}
    )
    ids = await notification.hear(overran)
    await notification.hear(overran, ids=ids)
    await notification.turn()
    ((to, mail),) = notification.mail_server.mails
    assert to == "desk@madrid.example" and str(mail["Subject"]).startswith("AHORA")
    assert "Terapeuta: Mei Lin" in mail.get_content()
    assert [row.urgent for row in await notification.rows()] == [True]


async def test_a_hundred_mails_cost_two_reads_and_no_more_connections_than_set(notification: Notification) -> None:
    branch = notification.scheduling.branch()
    booked = [notification.confirmed(branch_id=branch) for _ in range(100)]
    for event in booked:
        notification.scheduling.change(event.appointment_id, treatment_id=str(booked[0].treatment_id))
    await notification.hear(*booked)
    await notification.turn()
    assert len(notification.mail_server.mails) == 100
    assert sorted(notification.scheduling.asked) == ["appointments", "branches/one", "clients", "treatments/one"]
    assert notification.mail_server.connections <= notification.settings.smtp_connections


@pytest.mark.parametrize(
    ("client", "outcome"),
    [
        ({"email": None}, "dropped no_address"),
        ({"contact": {"channels": []}}, "dropped not_wanted"),
        ({"email": "ana@example.org\r\nBcc: all@example.org"}, "failed address_not_usable"),
    ],
)
async def test_who_cannot_or_does_not_want_to_be_written_to_is_not(
    notification: Notification, client: dict[str, object], outcome: str
) -> None:
    await notification.hear(notification.confirmed(client_id=notification.scheduling.client(**client)))
    await notification.turn()
    assert await notification.states() == {"confirmed to client": outcome}
    assert notification.mail_server.mails == []
    failed = outcome.startswith("failed")
    assert await notification.announced() == (["caibei.notification.message.failed.v1"] if failed else [])


async def test_a_mail_that_cannot_be_written_fails_alone(notification: Notification) -> None:
    nowhere = notification.scheduling.branch(timezone="Nowhere/Land")
    await notification.hear(notification.confirmed(branch_id=nowhere), notification.confirmed())
    await notification.turn()
    assert sorted((row.state, row.reason) for row in await notification.rows()) == [
        ("failed", "cannot_be_written"),
        ("sent", ""),
    ]


async def test_an_appointment_scheduling_does_not_know_is_not_written_about(notification: Notification) -> None:
    event = notification.confirmed()
    del notification.scheduling.rows["appointments"][str(event.appointment_id)]
    await notification.hear(event)
    await notification.turn()
    assert await notification.states() == {"confirmed to client": "dropped appointment_gone"}


async def test_a_lasting_refusal_fails_at_once_and_a_passing_one_is_tried_again(notification: Notification) -> None:
    clients = {code: notification.scheduling.client(email=f"{code}@example.org") for code in ("550", "451")}
    notification.mail_server.answers = {"550@example.org": "550 No such user", "451@example.org": "451 Try later"}
    await notification.hear(*[notification.confirmed(client_id=client) for client in clients.values()])
    await notification.turn()
    rows = {row.client_id: row for row in await notification.rows()}
    assert (rows[clients["550"]].state, rows[clients["550"]].reason) == ("failed", "smtp_550")
    passing = rows[clients["451"]]
    assert (passing.state, passing.reason, passing.attempts) == ("queued", "smtp_451", 1)
    assert await notification.announced() == ["caibei.notification.message.failed.v1"]

    notification.mail_server.answers = {}
    await notification.let_time_pass()
    await notification.turn()
    assert len(notification.mail_server.to("451@example.org")) == 1


async def test_a_message_refused_ten_times_has_failed(notification: Notification) -> None:
    notification.mail_server.answers = {"ana@example.org": "451 Try later"}
    await notification.hear(notification.confirmed())
    for _ in range(10):
        await notification.turn()
        await notification.let_time_pass()
    (row,) = await notification.rows()
    assert (row.state, row.attempts) == ("failed", 10)


async def test_a_mail_server_that_is_away_costs_no_attempt_and_nothing_is_lost(notification: Notification) -> None:
    await notification.mail_server.stop()
    await notification.hear(*[notification.confirmed() for _ in range(5)])
    await notification.turn()
    rows = await notification.rows()
    assert {(row.state, row.reason, row.attempts) for row in rows} == {("queued", "mail_server_away", 0)}

    await notification.mail_server.start()
    await notification.let_time_pass()
    await notification.turn()
    assert len(notification.mail_server.mails) == 5


async def test_a_mail_server_that_shuts_its_door_with_421_costs_no_attempt(notification: Notification) -> None:
    notification.mail_server.answers = {"ana@example.org": "421 Closing"}
    await notification.hear(notification.confirmed())
    await notification.turn()
    (row,) = await notification.rows()
    assert (row.state, row.attempts) == ("queued", 0)


async def test_while_scheduling_is_away_nothing_is_sent_on_an_old_promise(notification: Notification) -> None:
    event = notification.confirmed()
    await notification.hear(event)
    notification.scheduling.down = True
    await notification.turn()
    (row,) = await notification.rows()
    assert (row.state, row.reason, row.attempts) == ("queued", "scheduling_unavailable", 0)

    notification.scheduling.down = False
    notification.scheduling.change(event.appointment_id, status="cancelled")
    await notification.let_time_pass()
    await notification.turn()
    assert await notification.states() == {"confirmed to client": "dropped now_cancelled"}


async def test_what_comes_while_scheduling_is_away_neither_asks_it_again_nor_makes_the_pause_longer(
    notification: Notification,
) -> None:
    notification.scheduling.down = True
    await notification.hear(notification.confirmed())
    await notification.turn()
    asked, resumes = len(notification.scheduling.asked), notification.sender.resumes
    for _ in range(10):
        await notification.hear(notification.confirmed())
        await notification.turn()
    assert (len(notification.scheduling.asked), notification.sender.resumes) == (asked, resumes)
    assert notification.sender.pausing

    notification.scheduling.down = False
    await notification.let_time_pass()
    await notification.turn()
    assert await notification.states() == {"confirmed to client": "sent"}
    assert len(notification.mail_server.mails) == 11


async def test_an_urgent_message_is_tried_during_the_pause_too(notification: Notification) -> None:
    branch = notification.scheduling.branch()
    await notification.hear(notification.confirmed(branch_id=branch))
    await notification.turn()
    notification.scheduling.down = True
    await notification.hear(notification.confirmed(branch_id=branch))
    await notification.turn()
    assert notification.sender.pausing
    await notification.hear(at_risk(notification, branch_id=branch))
    await notification.turn()
    assert len(notification.mail_server.to("desk@madrid.example")) == 1
