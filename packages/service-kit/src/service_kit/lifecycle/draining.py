"""Letting requests in flight come to their end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from loguru import logger

#: Called with the seconds that are left; returns when nothing is in flight any more.
Drain = Callable[[float], Awaitable[None]]


async def drain_all(drains: Mapping[str, Drain], seconds: float) -> None:
    """Run all drains at once; each is cut off when ``seconds`` are over. What fails or is late is logged."""
    await asyncio.gather(*(_drain(name, drain, seconds) for name, drain in drains.items()))


async def _drain(name: str, drain: Drain, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await drain(seconds)
    except TimeoutError:
        logger.warning("{} still had requests in flight after {:g} s", name, seconds)
    except Exception:  # whatever one drain raises, the others and the closing must still run
        logger.exception("{} did not drain well", name)
    else:
        logger.debug("{} drained", name)
