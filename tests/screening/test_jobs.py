"""What happens by the clock: the end of a standing is announced once."""

from services.screening.jobs import announce_expired
from services.screening.store import appointments
from tests.screening.chain import Chain, soon


async def test_the_end_of_each_standing_is_announced_once_with_rising_versions(chain: Chain) -> None:
    client_id, other = await chain.client(), await chain.client()
    await chain.screened(client_id)
    await chain.screened_for(client_id, "massage")
    await chain.screened(other)
    await chain.as_superuser("UPDATE standings SET valid_until = '2020-01-01' WHERE client_id = $1", client_id)
    before = await chain.outbox_end()
    for expected in (2, 0):
        async with chain.app.state.database.transaction() as tx:
            assert await announce_expired(tx) == expected
    assert await chain.announced(before) == [
        {
            "type": "caibei.screening.standing.expired.v1",
            "client_id": str(client_id),
            "version": version,
            "protocol": protocol,
        }
        for version, protocol in ((3, "back-stepping"), (4, "massage"))
    ]
    assert await chain.book(client_id) == "screening_required"
    before = await chain.outbox_end()
    await chain.screened(client_id)
    assert [event["version"] for event in await chain.announced(before)] == [5]


async def test_appointments_are_forgotten_a_month_after_their_end(chain: Chain) -> None:
    client_id = await chain.client()
    old, recent = chain.request(client_id, soon(-24 * 31)), chain.request(client_id, soon(-24 * 29))
    await chain.hear(old, recent)
    async with chain.app.state.database.transaction() as tx:
        assert await appointments.forget_past(tx) == 1
        assert await appointments.read(tx, old.appointment_id) is None
        assert await appointments.read(tx, recent.appointment_id) is not None
