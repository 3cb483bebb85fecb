"""Acts 2 and 3: a room without a valid certificate, and a client for whom back-stepping is not safe."""

from rich.markup import escape

from deploy.cli.chain.services import Refusal
from deploy.cli.story.cast import lapsed, new_client, screen
from deploy.cli.story.stage import CannotTell, Found, Stage

TRIES = 6


async def a_room_that_lapsed(stage: Stage, taken: set[str]) -> None:
    """Someone asks for that room by name, and it is refused for the room's own reason."""
    tell = stage.tell
    tell.act(2, "A room whose certificate has lapsed")
    room = lapsed(stage)
    if room is None:
        tell.line("Every room with bars is certified here, so there is nothing to refuse", "room-equipment", "look")
        tell.fact("lapsed_room", refused=None)
        return
    gap = stage.clearance[room["id"]]["gaps"][0]
    said = gap["reason"].replace("_", " ")
    tell.line(f"[b]R{stage.room(room['id'])[1:]}[/] has bars, but is not cleared: [b]{said}[/]", "room-equipment")
    client = await new_client(stage, taken)
    await screen(stage, client)
    starts_at, refusal = await _refused(stage, client, "room_not_certified", room_id=room["id"])
    tell.line(f"{client['name']} asks for that very room, {stage.when(starts_at)}", "", "look")
    why = str(refusal.body.get("reason") or said).replace("_", " ")
    tell.line(f"Refused: [b]{refusal.code}[/] ({why}). {escape(refusal.detail)}", "scheduling", "no")
    offers = [stage.when(offer["starts_at"]) for offer in refusal.body.get("alternatives") or ()]
    if offers:
        tell.line(f"Offered instead: {'; '.join(offers[:3])}", "scheduling", "look")
    tell.fact(
        "lapsed_room",
        room_id=room["id"],
        refused=True,
        status=refusal.status,
        code=refusal.code,
        problem=refusal.body,
    )


async def a_client_declined(stage: Stage, taken: set[str]) -> None:
    """Osteoporosis: no letter changes that, and reception learns no more than it must."""
    tell = stage.tell
    tell.act(3, "A client for whom back-stepping is not safe")
    client = await new_client(stage, taken)
    screening = await screen(stage, client, osteoporosis="yes")
    tell.line(f"{client['name']} declares osteoporosis: [b]{screening['outcome']}[/]", "screening", "no")
    if stage.reception is not None:
        seen = await stage.reception.get("screening", f"/v1/screenings/{screening['id']}")
        reasons = ", ".join(escape(reason["detail"] or reason["code"]) for reason in seen["reasons"])
        tell.line(f"What reception sees: [b]{seen['outcome']}[/]. {reasons}", "screening", "look")
        tell.fact("decline", reception_sees=seen)
    _, refusal = await _refused(stage, client, "screening_declined")
    tell.line(f"A booking is refused: [b]{refusal.code}[/]. {escape(refusal.detail)}", "scheduling", "no")
    tell.fact("decline", screening_id=screening["id"], outcome=screening["outcome"], code=refusal.code)


async def _refused(stage: Stage, client: Found, code: str, **wish: str) -> tuple[str, Refusal]:
    """Ask for free hours until it is refused for `code`: another guest may have taken an hour meanwhile.

    Raises:
        CannotTell: it was booked, which must never happen, or no hour is left to ask for.
    """
    for slot in (await stage.slots())[:TRIES]:
        try:
            await stage.book(client, starts_at=slot["starts_at"], **wish)
        except Refusal as refusal:
            if refusal.code == code:
                return slot["starts_at"], refusal
            continue
        raise CannotTell(f"a booking that must be refused with {code} was confirmed: stop, and tell the maintainers")
    raise CannotTell(f"{stage.branch['name']} has no free hour left in the next 13 days; try --branch")
