"""A Redis that answers two seconds late is treated as down, and no request waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_most
from tests.faults.http_client import HttpConnection
from tests.faults.load import Clients, Record, load, summary
from tests.faults.people import Person, newcomer
from tests.faults.quotas import quota_of, shared_again
from tests.faults.stage import Stage
from tests.running.restartable_redis import restartable_redis
from tests.running.stacks import Stack, running_stack
from tests.running.tcp_proxy import TcpProxy, tcp_proxy

_LATE_S = 2.0
_ADDED_S = 0.1
_BACK_SOON_S = 2.0
_CLIENTS = 4
#: For requests in flight when it becomes slow; later ones are answered at once.
_UNDER_WAY = 2 * _CLIENTS


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.either(6.0, 2.0)))


async def _run(seconds: float) -> list[Finding]:
    async with _platform() as (stack, proxy):
        # Another user: frequent logins end the oldest sessions.
        person, visitor = await newcomer(stack.url), await newcomer(stack.url)
        order_id = await person.place(stack.url)
        clients = (
            Clients("read", person.get(f"/api/v1/orders/{order_id}"), count=_CLIENTS),
            Clients("login", visitor.log_in(), pause_s=0.05),
        )
        async with load(stack.url, *clients) as record:
            await asyncio.sleep(seconds)
            slow_from_s, proxy.delay_s = time.monotonic(), _LATE_S
            await asyncio.sleep(seconds)
        found = _found(record, slow_from_s)
        proxy.delay_s = 0.0
        return [*found, await _is_back(stack, person)]


def _found(record: Record, slow_from_s: float) -> list[Finding]:
    before, during = record.of("read", until_s=slow_from_s), record.of("read", since_s=slow_from_s)
    policies = [quota.policy for seen in during.seen if (quota := quota_of(seen.answer)) is not None]
    logins = record.of("login", since_s=slow_from_s).by_outcome()
    added_s = during.percentile_s(0.99) - before.percentile_s(0.99)
    outcomes = during.by_outcome()
    return [
        Finding("orders", "200", summary(outcomes), outcomes.keys() == {"200"}),
        at_most("that reported the shared quota", len(policies) - policies.count("default-local"), _UNDER_WAY),
        Finding("logins", "503", summary(logins), bool(logins) and logins.keys() <= {"503 RATE_LIMIT_UNAVAILABLE"}),
        at_most("increase of the p99 of orders", added_s * 1000, _ADDED_S * 1000, " ms", clock=True),
    ]


async def _is_back(stack: Stack, person: Person) -> Finding:
    since_s, connection = time.monotonic(), HttpConnection(stack.url)
    await shared_again(connection, person)
    connection.close()
    return at_most("quota shared again after", time.monotonic() - since_s, _BACK_SOON_S + _LATE_S, " s", clock=True)


@asynccontextmanager
async def _platform() -> AsyncIterator[tuple[Stack, TcpProxy]]:
    """Yields a platform whose gateway reaches Redis through a proxy that can be slow."""
    with TemporaryDirectory(prefix="headrace-redis-") as folder, restartable_redis(Path(folder)) as redis:
        async with tcp_proxy(redis.port) as proxy:
            through = redis.url.replace(f":{redis.port}/", f":{proxy.port}/")
            platform = running_stack({"GATEWAY_REDIS_URL": through, "USER_SVC_REDIS_URL": redis.url}, {})
            # Started and ended in threads: the proxy runs in this event loop.
            stack = await asyncio.to_thread(platform.__enter__)
            try:
                yield stack, proxy
            finally:
                await asyncio.to_thread(platform.__exit__, None, None, None)


DRILL = Drill(11, "Redis answers 2 s late", "as when it is down", run)
