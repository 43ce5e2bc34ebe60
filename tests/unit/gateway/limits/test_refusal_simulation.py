"""Clients that retry at once, and a gateway with one core: how much of it answers take, and how much rejections."""

import asyncio
from collections import Counter

from gateway.limits.leaky_bucket import LeakyBucket
from gateway.limits.outcome import Shed
from gateway.limits.throttle import Throttle, ThrottleConfig
from gateway.limits.throttle_telemetry import ThrottleTelemetry

from tests.unit.gateway.limits.methods import method
from tests.unit.gateway.limits.simulation import Server, now
from tests.unit.gateway.limits.virtual_time import run
from tests.unit.gateway.metrics import RecordedMetrics

RECEIVING_S = 0.0003
REFUSING_S = 0.0001
ANSWERING_S = 0.0017
#: An answer takes so many iterations of the event loop, in which other requests run, too.
ITERATIONS = 12
BEST = 1 / (RECEIVING_S + ANSWERING_S)
SECONDS = 6


def done_with(bucket: LeakyBucket, clients: int) -> Counter[str]:
    """Returns the outcomes for so many clients that always ask, after the first second."""
    outcomes: Counter[str] = Counter()

    async def scenario() -> None:
        core = Server(cores=1)
        config = ThrottleConfig(floor=8, ceiling=256, max_queue=512, max_wait_s=2.0)
        limiter = Throttle([method("get")], config, ThrottleTelemetry(RecordedMetrics().meter, now), now).limiter("get")
        began = now()

        async def ask() -> str:
            await core.work(RECEIVING_S)
            reservation = limiter.reserve()
            if isinstance(reservation, Shed):
                await asyncio.sleep(bucket.wait_s())
                await core.work(REFUSING_S)
                return "refused"
            outcome = await limiter.acquire("get", reservation=reservation)
            if isinstance(outcome, Shed):
                return "refused"
            for _ in range(ITERATIONS):
                await core.work(ANSWERING_S / ITERATIONS)
            limiter.release(outcome, answered=True)
            return "answered"

        async def client() -> None:
            while now() - began < 1 + SECONDS:
                outcome = await ask()
                if 1 < now() - began < 1 + SECONDS:
                    outcomes[outcome] += 1

        await asyncio.gather(*(client() for _ in range(clients)))

    run(scenario())
    return outcomes


def test_clients_that_fit_into_the_queue_are_all_answered() -> None:
    told = done_with(LeakyBucket(300, burst=50, max_wait_s=1.0, now=now), clients=400)
    assert told["answered"] / SECONDS > 0.95 * BEST
    assert told["refused"] / SECONDS < 10


def test_rejections_leave_most_of_the_core_to_answers() -> None:
    told = done_with(LeakyBucket(300, burst=50, max_wait_s=1.0, now=now), clients=750)
    assert told["answered"] / SECONDS > 0.8 * BEST


def test_rejections_take_most_of_the_core_without_a_delay() -> None:
    told = done_with(LeakyBucket(1e9, burst=0, max_wait_s=0.0, now=now), clients=750)
    assert told["answered"] / SECONDS < 0.5 * BEST
