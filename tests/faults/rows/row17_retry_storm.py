"""When every call fails, retries add hardly any load."""

import asyncio

from tests.faults.broken_orders import ORDERS, unavailable
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.http_client import HttpConnection
from tests.faults.load import Record, see
from tests.faults.people import Person, newcomer
from tests.faults.stage import Stage
from tests.faults.stand_ins import gateway_before
from tests.integration.gateway.upstream.service import replicas

_REPLICAS = 3
_CLIENTS = 8
_MOST_TIMES = 1.1
#: Keeps the breakers closed, so that only the retry budget limits the retries.
_NO_BREAKER = {"GATEWAY_BREAKER_FAILURES": "1000000000"}


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    person, offered = await newcomer(stack.url), stage.either(4000, 400)
    alone, alone_calls = await _storm(stage, person, offered, _NO_BREAKER)
    guarded, guarded_calls = await _storm(stage, person, offered, {})
    explained = [
        s for s in alone.seen if s.status == 503 and s.answer is not None and "retry-after" in s.answer.headers
    ]
    return [
        counted(f"503 with Retry-After, of {offered}", len(explained), offered),
        at_least("calls of the service", alone_calls, offered),
        at_least("retries among them", alone_calls - offered, 1),
        at_most("calls per request, without breakers", alone_calls / offered, _MOST_TIMES),
        counted(f"503, with breakers, of {offered}", sum(seen.status == 503 for seen in guarded.seen), offered),
        at_most("calls per request, with breakers", guarded_calls / offered, _MOST_TIMES),
    ]


async def _storm(stage: Stage, person: Person, offered: int, environ: dict[str, str]) -> tuple[Record, int]:
    """Sends this many idempotent requests that all fail, and returns how many calls they caused."""
    record = Record()
    async with replicas(_REPLICAS) as failing, gateway_before(stage.stack(), failing, **environ) as gateway:
        for replica in failing:
            replica.behave = unavailable

        async def client() -> None:
            connection = HttpConnection(gateway.url)
            for _ in range(offered // _CLIENTS):
                await see(record, "storm", connection, person.get(ORDERS))
            connection.close()

        await asyncio.gather(*(client() for _ in range(_CLIENTS)))
        return record, sum(replica.calls for replica in failing)


DRILL = Drill(17, "all calls fail, and are retried", "at most 1.1 upstream calls for each request", run)
