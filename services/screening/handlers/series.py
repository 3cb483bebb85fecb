"""How a client stands on each date of a series that is only planned; nothing is kept of the question."""

from collections.abc import Sequence

from services.screening.domain.calendar import Session, zone
from services.screening.domain.standing import Block, block_for
from services.screening.store import series
from services.screening.store.screenings import standing_of
from shared.events.codes import Refusal
from shared.events.scheduling import SeriesPlanned
from shared.events.screening import SeriesJudged
from shared.kit.database import Transaction
from shared.kit.inbox import Received


async def judge_series(tx: Transaction, batch: list[Received[SeriesPlanned]]) -> None:
    """Answer each plan, by the rule that a booking of each of its dates would be judged by at this moment."""
    plans = [received.event for received in batch]
    rows = await series.standings(tx, plans)
    for plan in plans:
        row = rows[plan.series_id]
        standing = standing_of(row) if row.screening_id is not None else None
        there = zone(row.timezone)
        blocks = [
            block_for(standing, Session(start, end, there))
            for start, end in zip(plan.starts_at, plan.ends_at, strict=True)
        ]
        tx.announce(
            SeriesJudged(
                series_id=plan.series_id,
                client_id=plan.client_id,
                starts_at=plan.starts_at,
                codes=[None if block is None else Refusal(block.value) for block in _told(blocks)],
            )
        )


def _told(blocks: Sequence[Block | None]) -> Sequence[Block | None]:
    """Until when somebody is deferred leaves screening in no event (rules: Screening), and the first date of a daily
    series that is free would be just that: a series that begins before then is deferred on every date."""
    deferred = Block.SCREENING_DEFERRED
    return [deferred] * len(blocks) if deferred in blocks else blocks
