"""When the sender wakes: at once at rest, in larger batches under load, and always at once for what is urgent."""

import asyncio

from services.notification.bell import Bell

FAR = 30.0


async def took(bell: Bell, gather: float) -> float:
    """How long a wait of at most half a minute lasted."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await bell.wait(FAR, began + gather)
    return loop.time() - began


async def test_a_ring_after_rest_ends_the_wait_at_once() -> None:
    bell = Bell()
    bell.ring(urgent=False)
    assert await took(bell, gather=-1) < 1


async def test_a_ring_right_after_a_batch_waits_for_more_to_come() -> None:
    bell = Bell()
    bell.ring(urgent=False)
    assert await took(bell, gather=0.05) >= 0.045


async def test_an_urgent_ring_waits_for_nothing() -> None:
    bell = Bell()
    asyncio.get_running_loop().call_later(0.02, lambda: bell.ring(urgent=True))
    bell.ring(urgent=False)
    assert await took(bell, gather=FAR) < 5


async def test_a_ring_is_heard_once() -> None:
    bell = Bell()
    bell.ring(urgent=True)
    await took(bell, gather=0)
    began = asyncio.get_running_loop().time()
    await bell.wait(0.05, began)
    assert asyncio.get_running_loop().time() - began >= 0.045
