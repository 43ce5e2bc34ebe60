"""One client takes as much as it can of every shared budget; other clients are not affected."""

import asyncio

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.greedy_client import GreedyResult, take_all
from tests.faults.load import Clients, Record, load, summary
from tests.faults.own_gateway import OwnGateway, own_gateway
from tests.faults.people import Person, newcomer
from tests.faults.stage import Stage
from tests.faults.worker_process import worker_process
from tests.running.stacks import Stack

_MIB = 1024 * 1024
_PEOPLE = 6
_MOST_RSS_BYTES = 64 * _MIB


def run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    findings: list[Finding] = []
    for who in ("a user", "no user"):
        # The default quotas: without one, the client would get as much processor time as it asks for.
        with own_gateway(stack, RATE_LIMIT_DEFAULT="600/60s", RATE_LIMIT_CREDENTIALS="10/60s") as gateway:
            findings += asyncio.run(_run(stage, stack, gateway, who))
    return findings


async def _run(stage: Stage, stack: Stack, gateway: OwnGateway, who: str) -> list[Finding]:
    greedy = await newcomer(stack.url)
    people = [await newcomer(stack.url) for _ in range(_PEOPLE)]
    seconds = stage.either(15.0, 2.0)
    async with worker_process(take_all.__module__) as process:
        quiet = await _alone(gateway, people, seconds)
        before = gateway.rss_bytes
        async with load(gateway.url, *_clients(people)) as record:
            token = greedy.token if who == "a user" else ""
            taking = asyncio.create_task(process.run(take_all, gateway.port, token, seconds))
            most = before
            while not (await asyncio.wait({taking}, timeout=0.05))[0]:
                most = max(most, gateway.rss_bytes)
        greed: GreedyResult = await taking
    failures = Record(record.failures)
    slower = record.percentile_s(0.99) / quiet.percentile_s(0.99)
    return [
        counted(f"{who}: requests of others that failed ({summary(failures.by_outcome())})", len(failures.seen)),
        at_most(f"{who}: their p99", slower, 2, "×", clock=True),
        at_least(f"{who}: requests of the greedy client that were answered", greed.answered, 1),
        at_most(f"{who}: memory growth", (most - before) / _MIB, _MOST_RSS_BYTES / _MIB, " MiB"),
    ]


def _clients(people: list[Person]) -> list[Clients]:
    reading = [Clients("read", person.get("/api/v1/orders"), pause_s=0.15) for person in people]
    return [*reading, *(Clients("order", person.order(), pause_s=0.5) for person in people)]


async def _alone(gateway: OwnGateway, people: list[Person], seconds: float) -> Record:
    async with load(gateway.url, *_clients(people)) as record:
        await asyncio.sleep(seconds)
    return record


DRILL = Drill(35, "one client takes all it can of every shared budget", "others: p99 ≤ 2×, no failures", run)
