"""Clients that come back at once, and a gateway whose only core refuses and answers: which of both it does."""

import asyncio
from collections import Counter

from gateway.limits.pace import Pace
from gateway.limits.throttle import Throttle, ThrottleTerms
from gateway.limits.throttle_telemetry import ThrottleTelemetry
from gateway.limits.turn import Shed

from tests.unit.gateway.limits.methods import method
from tests.unit.gateway.limits.simulation import Server, now
from tests.unit.gateway.limits.virtual_time import run
from tests.unit.gateway.metrics import RecordedMetrics

RECEIVING_S = 0.0003
REFUSING_S = 0.0001
ANSWERING_S = 0.0017
#: An answer takes the event loop so many turns, and in each of them everybody else has one.
TURNS = 12
BEST = 1 / (RECEIVING_S + ANSWERING_S)
SECONDS = 6


def done_with(pace: Pace, clients: int) -> Counter[str]:
    """What so many clients that always ask are told, after the first second."""
    outcomes: Counter[str] = Counter()

    async def scenario() -> None:
        core = Server(cores=1)
        terms = ThrottleTerms(floor=8, ceiling=256, max_queue=512, max_wait_s=2.0)
        lane = Throttle([method("get")], terms, ThrottleTelemetry(RecordedMetrics().meter, now), now).lane("get")
        began = now()

        async def ask() -> str:
            await core.work(RECEIVING_S)
            told = lane.announce()
            if isinstance(told, Shed):
                await asyncio.sleep(pace.wait_s())
                await core.work(REFUSING_S)
                return "refused"
            turn = await lane.enter("get", announcement=told)
            if isinstance(turn, Shed):
                return "refused"
            for _ in range(TURNS):
                await core.work(ANSWERING_S / TURNS)
            lane.leave(turn, answered=True)
            return "answered"

        async def client() -> None:
            while now() - began < 1 + SECONDS:
                outcome = await ask()
                if 1 < now() - began < 1 + SECONDS:
                    outcomes[outcome] += 1

        await asyncio.gather(*(client() for _ in range(clients)))

    run(scenario())
    return outcomes


def test_as_many_as_the_line_holds_are_all_answered() -> None:
    told = done_with(Pace(300, at_once=50, longest_s=1.0, now=now), clients=400)
    assert told["answered"] / SECONDS > 0.95 * BEST
    assert told["refused"] / SECONDS < 10


def test_more_do_not_make_refusing_all_that_is_done() -> None:
    told = done_with(Pace(300, at_once=50, longest_s=1.0, now=now), clients=750)
    assert told["answered"] / SECONDS > 0.8 * BEST


def test_which_without_a_pace_is_what_happens() -> None:
    told = done_with(Pace(1e9, at_once=0, longest_s=0.0, now=now), clients=750)
    assert told["answered"] / SECONDS < 0.5 * BEST
