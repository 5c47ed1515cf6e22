"""Tasks end, even those that swallow a cancellation."""

import asyncio

from streams.tasks import end


def test_a_task_that_swallows_a_cancellation_ends_all_the_same():
    swallowed = []

    async def stubborn():
        while len(swallowed) < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed.append(1)
        await asyncio.sleep(60)

    async def session():
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        await end([task])
        return task

    assert asyncio.run(session()).cancelled()
    assert len(swallowed) == 2


def test_a_task_that_ends_within_the_patience_is_not_cancelled():
    async def session():
        task = asyncio.create_task(asyncio.sleep(0.01, "done"))
        await end([task], patience=5.0)
        return task.result()

    assert asyncio.run(session()) == "done"
