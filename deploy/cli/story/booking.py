"""Act 1: a slot is found, a client screened and booked, and the confirmation comes by mail."""

from rich.markup import escape

from deploy.cli.story.cast import new_client, screen
from deploy.cli.story.stage import CannotTell, Found, Stage
from deploy.cli.story.telling import counted


async def a_client_books(stage: Stage, taken: set[str]) -> Found:
    """The confirmed appointment, in a slot that leaves its session another room to move to."""
    tell = stage.tell
    tell.act(1, "A new client books")
    slots = await stage.slots()
    roomy = [slot for slot in slots if slot["rooms_free"] >= 2]
    if not roomy:
        raise CannotTell(f"{stage.branch['name']} has no free hour with two rooms in the next 13 days; try --branch")
    slot, treatment = roomy[0], escape(stage.treatment["name"])
    tell.line(
        f"{len(slots)} free starts in the next 13 days for [b]{treatment}[/]; the first that suits is "
        f"[b]{stage.when(slot['starts_at'])}[/] "
        f"({counted(len(slot['therapist_ids']), 'therapist')} and {counted(slot['rooms_free'], 'room')} free)",
        "scheduling",
    )
    client = await new_client(stage, taken)
    tell.line(f"New client: [b]{client['name']}[/], {client['email']}", "scheduling")
    screening = await screen(stage, client)
    tell.line(
        f"{client['name'].split()[0]} reads the advisory and answers {screening['asked']} health questions: "
        f"[b]{screening['outcome']}[/], valid until {screening['valid_until']}",
        "screening",
    )
    booked, took = await stage.book(client, starts_at=slot["starts_at"])
    tell.line(
        f"Booked and [green]{booked['status']}[/] in {took * 1000:.0f} ms: {stage.when(booked['starts_at'])}, "
        f"[b]{stage.room(booked['room_id'])}[/], with {stage.therapist(booked['therapist_id'])}",
        "scheduling",
    )
    tell.fact(
        "booking", appointment=booked, client_id=client["id"], screening_id=screening["id"], seconds=round(took, 3)
    )
    await _confirmation(stage, client, booked)
    return booked


async def _confirmation(stage: Stage, client: Found, booked: Found) -> None:
    async def sent() -> Found | None:
        items = await stage.services.all("notification", "/v1/messages", appointment_id=booked["id"])
        return next((item for item in items if item["state"] == "sent"), None)

    message = await stage.until(sent, "the confirmation")
    stage.tell.line(
        f"Message “{message['template']}” sent by {message['channel']} to {message['sent_to']}", "notification"
    )
    mails = await stage.mails(client["email"])
    if mails:
        stage.tell.line("In the mailbox:", "mailbox")
        stage.tell.mail(mails[0])
    stage.tell.fact("booking", message_id=message["id"], mail=mails[0] if mails else None)
