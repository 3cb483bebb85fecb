"""What screening says of the dates of a series that is only planned."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.events.scheduling import SeriesPlanned
from shared.kit.ids import new_id
from tests.screening.chain import Chain, soon


def daily(chain: Chain, client_id: UUID, first: datetime, days: int) -> SeriesPlanned:
    starts = [first + timedelta(days=day) for day in range(days)]
    return SeriesPlanned(
        series_id=new_id(),
        branch_id=chain.branch_id,
        client_id=client_id,
        screening_protocol="back-stepping",
        starts_at=starts,
        ends_at=[start + timedelta(hours=1) for start in starts],
    )


async def test_each_date_is_judged_as_a_booking_of_it_would_be(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id)
    (judged,) = await chain.hear(daily(chain, client_id, soon(24 * 364), 6))
    assert judged["codes"][0] is None and judged["codes"][-1] == "screening_required"


async def test_a_daily_series_does_not_tell_the_day_on_which_a_deferral_ends(chain: Chain) -> None:
    client_id = await chain.client()
    await chain.screened(client_id, eye_surgery="yes", eye_surgery_on=datetime.now(UTC).date().isoformat())
    (judged,) = await chain.hear(daily(chain, client_id, soon(24), 10))
    assert judged["codes"] == ["screening_deferred"] * 10
    (judged,) = await chain.hear(daily(chain, client_id, soon(24 * 7), 4))
    assert judged["codes"] == [None] * 4
