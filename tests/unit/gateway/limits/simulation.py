"""A limiter between clients and a server with so many cores, in virtual time."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.limits.concurrency_limiter import ConcurrencyLimiter
from gateway.limits.outcome import Shed


def now() -> float:
    return asyncio.get_running_loop().time()


class Server:
    """First come, first served. slowdown: the factor by which all work takes longer."""

    def __init__(self, cores: int) -> None:
        self._cores = asyncio.Semaphore(cores)
        self.slowdown = 1.0

    async def work(self, seconds: float) -> None:
        async with self._cores:
            await asyncio.sleep(seconds * self.slowdown)


@dataclass
class Seen:
    """What the clients saw: answers by method, refusals, time-outs, and how long refusals and answers took."""

    answered: Counter[str] = field(default_factory=Counter)
    shed: int = 0
    timed_out: int = 0
    refusals_s: list[float] = field(default_factory=list)
    answers_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Stream:
    """Requests for one method that come independently, so many a second, each with so much work (seconds).

    timeout_s: how long the client waits for the answer, once admitted.
    """

    per_second: float
    work_s: Callable[[], float]
    method: str = "get"
    deadline_s: float = 2.0
    timeout_s: float = 60.0


async def offer(
    limiter: ConcurrencyLimiter, server: Server, seconds: float, *streams: Stream, chance: random.Random
) -> Seen:
    """Offer the streams for so long, and do not wait for the requests that are left then."""
    seen = Seen()
    tasks: set[asyncio.Task[None]] = set()

    async def arrive(stream: Stream) -> None:
        until = now() + seconds
        while now() < until:
            await asyncio.sleep(chance.expovariate(stream.per_second))
            task = asyncio.create_task(_request(limiter, server, stream, seen))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    await asyncio.gather(*(arrive(stream) for stream in streams))
    return seen


async def _request(limiter: ConcurrencyLimiter, server: Server, stream: Stream, seen: Seen) -> None:
    came_at = now()
    outcome = await limiter.acquire(stream.method, came_at + stream.deadline_s)
    if isinstance(outcome, Shed):
        seen.shed += 1
        seen.refusals_s.append(now() - came_at)
        return
    answered = False
    try:
        async with asyncio.timeout_at(min(came_at + stream.deadline_s, now() + stream.timeout_s)):
            await server.work(stream.work_s())
        answered = True
    except TimeoutError:
        seen.timed_out += 1
    else:
        seen.answered[stream.method] += 1
        seen.answers_s.append(now() - came_at)
    finally:
        limiter.release(outcome, answered=answered)


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[int(part * (len(values) - 1))]
