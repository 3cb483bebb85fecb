"""A client who becomes declined loses what is booked of that treatment, without a fee; nothing else is touched."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.consumers import HANDLERS
from shared.events.screening import StandingChanged
from shared.kit.database import Transaction
from shared.kit.ids import new_id
from shared.kit.inbox import Dispatch, Message
from tests.scheduling.builders import Chain, tomorrow


async def say(
    chain: Chain, client_id: str, outcome: Any, protocol: str = "back-stepping", minutes_ago: float = 0
) -> None:
    """Screening's word, announced that long ago."""
    event = StandingChanged(
        client_id=UUID(client_id), version=2, protocol=protocol, outcome=outcome, valid_until=date(2099, 1, 1)
    )
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    message = Message(new_id(), event.topic(), str(event.key), event.type, event.model_dump_json().encode(), at, None)

    async def work(tx: Transaction) -> None:
        await Dispatch(HANDLERS)(tx, [message])

    await chain.run(work)


async def status(chain: Chain, appointment: dict[str, Any]) -> tuple[str, str | None]:
    shown = await chain.get(f"/v1/appointments/{appointment['id']}")
    return shown["status"], shown.get("cancel_reason")


async def test_what_is_booked_is_cancelled_without_a_fee_and_its_time_is_free_again(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow())
    await say(chain, place.client_id, "declined")
    assert await status(chain, booked) == ("cancelled", "screening")
    events = await chain.sql(
        "SELECT payload FROM outbox WHERE aggregateid = :id AND type LIKE '%cancelled%'", id=booked["id"]
    )
    assert '"late":false' in events[0].payload.replace(" ", "")
    assert await chain.sql("SELECT 1 FROM therapist_claims WHERE appointment_id = :id", id=UUID(booked["id"])) == []


async def test_other_outcomes_clients_and_treatments_lose_nothing(chain: Chain) -> None:
    place, other = await chain.place(), await chain.place()
    booked = await chain.confirmed(place, tomorrow())
    for outcome in ("cleared", "clearance_required", "deferred"):
        await say(chain, place.client_id, outcome)
    await say(chain, place.client_id, "declined", protocol="massage")
    await say(chain, other.client_id, "declined")
    assert await status(chain, booked) == ("confirmed", None)


async def test_a_late_word_does_not_cancel_what_was_booked_and_judged_since(chain: Chain) -> None:
    place = await chain.place()
    booked = await chain.confirmed(place, tomorrow())
    await say(chain, place.client_id, "declined", minutes_ago=5)
    assert await status(chain, booked) == ("confirmed", None)
