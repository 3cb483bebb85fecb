"""Deadlines by the database's clock, and the shifts' moving horizon."""

from datetime import timedelta
from uuid import UUID

from services.scheduling.handlers import clocks
from services.scheduling.settings import settings
from tests.scheduling.builders import Chain, cleared, tomorrow


async def age(chain: Chain, id: str, *, published: int | None = None, asked: int | None = None) -> None:
    """Make a request as old as if it had been published, or asked, so many seconds ago."""
    async with chain.database.transaction() as tx:
        if published is not None:
            await tx.run(
                "UPDATE outbox SET published_at = clock_timestamp() - make_interval(secs => :n)"
                " WHERE aggregateid = :id",
                {"id": id, "n": float(published)},
            )
        if asked is not None:
            await tx.run(
                "UPDATE appointments SET asked_at = clock_timestamp() - make_interval(secs => :n) WHERE id = :id",
                {"id": UUID(id), "n": float(asked)},
            )


async def status(chain: Chain, id: str) -> tuple[str, str | None]:
    found = await chain.get(f"/v1/appointments/{id}")
    return found["status"], found["code"]


async def test_the_deadline_counts_from_the_publish_mark_not_from_the_request(chain: Chain) -> None:
    place = await chain.place()
    asked = await chain.request(place, tomorrow(10))
    await age(chain, asked["id"], asked=120, published=29)
    await chain.run(clocks.time_out)
    assert await status(chain, asked["id"]) == ("pending", None)
    await age(chain, asked["id"], published=31)
    assert await chain.run(clocks.time_out) == 1
    assert await status(chain, asked["id"]) == ("rejected", "timed_out")
    await chain.hear(cleared(asked))
    assert await status(chain, asked["id"]) == ("rejected", "timed_out")
    assert await chain.announced(asked["id"]) == ["requested", "rejected"]
    await chain.request(place, tomorrow(10))  # its therapist is free again


async def test_an_unpublished_request_waits_a_quarter_of_an_hour(chain: Chain) -> None:
    asked = await chain.request(await chain.place(), tomorrow(10))
    await age(chain, asked["id"], asked=14 * 60)
    await chain.run(clocks.time_out)
    assert await status(chain, asked["id"]) == ("pending", None)
    await age(chain, asked["id"], asked=15 * 60 + 1)
    await chain.run(clocks.time_out)
    assert await status(chain, asked["id"]) == ("rejected", "timed_out")


async def test_an_unpublished_request_does_not_outlive_its_start(chain: Chain) -> None:
    asked = await chain.request(await chain.place(), tomorrow(10))
    async with chain.database.transaction() as tx:
        await tx.run(
            "UPDATE appointments SET starts_at = clock_timestamp() - interval '1 second' WHERE id = :id",
            {"id": UUID(asked["id"])},
        )
    await chain.run(clocks.time_out)
    assert await status(chain, asked["id"]) == ("rejected", "timed_out")


async def test_the_horizon_of_recurring_shifts_moves_with_the_days(chain: Chain) -> None:
    place = await chain.place()
    therapist = UUID(place.therapist_ids[0])
    edge = tomorrow(0, days=settings().horizon_days - 30)
    async with chain.database.transaction() as tx:
        await tx.run(
            "DELETE FROM shift_windows WHERE therapist_id = :id AND lower(during) > :edge",
            {"id": therapist, "edge": edge},
        )
        await tx.run(
            "UPDATE shifts SET expanded_until = :edge WHERE therapist_id = :id", {"id": therapist, "edge": edge}
        )
    assert await chain.run(clocks.extend_shifts) >= 29
    [row] = await chain.sql(
        "SELECT count(*) AS n, count(DISTINCT during) AS m, max(lower(during)) AS last FROM shift_windows"
        " WHERE therapist_id = :id",
        id=therapist,
    )
    assert row.n == row.m
    assert row.last > tomorrow(0, days=settings().horizon_days) - timedelta(days=2)
    assert await chain.run(clocks.extend_shifts) == 0
