"""A hanging service costs each client one deadline, until the breaker opens after a few of them."""

import asyncio
import signal
import time

from tests.faults.broken_orders import DEADLINE_S, FAILURES, GRACE_S, by_breaker
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.load import Clients, Record, Seen, load
from tests.faults.people import newcomer
from tests.faults.stage import Stage, send
from tests.running.polling import in_time
from tests.running.stacks import Stack

_CLIENTS = 8
_PAUSE_S = 0.02
_REJECTED_WITHIN_S = 0.02
_BACK_WITHIN_S = 30.0


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(15.0, DEADLINE_S + 1.5)))


async def _run(stack: Stack, seconds: float) -> list[Finding]:
    person = await newcomer(stack.url)
    clients = (
        Clients("order", person.get("/api/v1/orders"), count=_CLIENTS, pause_s=_PAUSE_S),
        Clients("user", person.get("/api/v1/users/me"), pause_s=_PAUSE_S),
    )
    async with load(stack.url, *clients) as record:
        await in_time(lambda: _answered(record, 0.0), within_s=_BACK_WITHIN_S)
        send(stack, "order-svc", signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            until_s = time.monotonic()
            send(stack, "order-svc", signal.SIGCONT)
        await in_time(lambda: _answered(record, until_s), within_s=_BACK_WITHIN_S)
    orders = [seen for seen in record.of("order", until_s=until_s).seen if seen.status != 200]
    return [*_found(orders), counted("failures of users", len(record.of("user").failures))]


def _found(orders: list[Seen]) -> list[Finding]:
    late = Record([s for s in orders if s.code == "DEADLINE_EXCEEDED"])
    rejected = Record([s for s in orders if by_breaker(s)])
    trials = [s for s in orders if s.code == "UPSTREAM_UNAVAILABLE" and not by_breaker(s)]
    opened_s = min((s.started_s + s.took_s for s in rejected.seen), default=float("inf"))
    return [
        at_least("requests that ran into their deadline", len(late.seen), FAILURES),
        at_most("the longest of them", late.longest_s(), DEADLINE_S + GRACE_S, " s", clock=True),
        at_least("rejected by the breaker", len(rejected.seen), 1),
        at_most("p99 of rejections", rejected.percentile_s(0.99) * 1000, _REJECTED_WITHIN_S * 1000, " ms", clock=True),
        # A request after that is a trial, and there is one at a time.
        counted("timeouts of requests that began after it opened", sum(s.started_s > opened_s for s in late.seen)),
        counted("others", len(orders) - len(late.seen) - len(rejected.seen) - len(trials)),
    ]


async def _answered(record: Record, since_s: float) -> bool | None:
    """Returns whether a request that began after that time succeeded: earlier ones may be answered late."""
    return True if any(seen.status == 200 for seen in record.of("order", since_s=since_s).seen) else None


DRILL = Drill(
    2,
    "order-svc hangs",
    "calls reach their deadline, then the breaker opens; further calls are refused within 20 ms",
    run,
)
