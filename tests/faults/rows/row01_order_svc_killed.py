"""A dead service fails only its own routes, and they recover as soon as it restarts."""

import asyncio
import time
import urllib.request

from tests.faults.broken_orders import DEADLINE_S, GRACE_S, RESET_S
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.load import Clients, Record, load, summary
from tests.faults.people import newcomer
from tests.faults.stage import Stage, kill, restart
from tests.running.polling import in_time
from tests.running.stacks import Stack

_CLIENTS = 4
_PAUSE_S = 0.02
_USERS_TIMES = 1.2
_BACK_S = 2.0
_READY_WITHIN_S = 60.0
_REFUSED = "503 UPSTREAM_UNAVAILABLE"


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(15.0, 2.0)))


async def _run(stack: Stack, seconds: float) -> list[Finding]:
    person = await newcomer(stack.url)
    clients = (
        Clients("order", person.get("/api/v1/orders"), count=_CLIENTS, pause_s=_PAUSE_S),
        Clients("create", person.order(), pause_s=_PAUSE_S),
        Clients("user", person.get("/api/v1/users/me"), count=_CLIENTS, pause_s=_PAUSE_S),
    )
    async with load(stack.url, *clients) as record:
        await asyncio.sleep(seconds)
        usual_until_s = time.monotonic()
        kill(stack, "order-svc")
        gone_s = time.monotonic()
        try:
            await asyncio.sleep(seconds)
        finally:
            away_until_s = time.monotonic()
            restarting = asyncio.create_task(asyncio.to_thread(restart, stack, "order-svc"))
            ready_s = await in_time(lambda: asyncio.to_thread(_ready_at, stack), within_s=_READY_WITHIN_S)
            await restarting
        await in_time(lambda: _back(record, ready_s), within_s=_READY_WITHIN_S)
    # Requests in flight at its death may end either way.
    away = record.of(since_s=gone_s, until_s=away_until_s)
    back_s = min(s.started_s for s in record.of("order", since_s=ready_s).seen if s.status == 200) - ready_s
    return [
        *_orders(away.of("order", "create")),
        *_users(record, away.of("user"), usual_until_s),
        at_most("orders recover, once it is ready, within", back_s, _BACK_S + RESET_S, " s", clock=True),
    ]


def _orders(away: Record) -> list[Finding]:
    outcomes = away.by_outcome()
    explained = sum(s.answer is not None and "retry-after" in s.answer.headers for s in away.seen)
    return [
        at_least("requests for orders during the outage", len(away.seen), 10),
        Finding("their outcomes", _REFUSED, summary(outcomes), outcomes.keys() == {_REFUSED}),
        counted("without Retry-After", len(away.seen) - explained),
        at_most("the longest wait", away.longest_s(), DEADLINE_S + GRACE_S, " s", clock=True),
    ]


def _users(record: Record, away: Record, usual_until_s: float) -> list[Finding]:
    usual_s = record.of("user", until_s=usual_until_s).percentile_s(0.99)
    return [
        at_least("requests for users meanwhile", len(away.seen), 10),
        counted("failures among all of them", len(record.of("user").failures)),
        at_most("their p99, relative to before", away.percentile_s(0.99) / usual_s, _USERS_TIMES, clock=True),
    ]


def _ready_at(stack: Stack) -> float | None:
    """Returns the time at which order-svc reports that it is ready; None if it does not."""
    try:
        with urllib.request.urlopen(f"{stack.admin_url('order-svc')}/readyz", timeout=5):  # noqa: S310 - our own
            return time.monotonic()
    except OSError:
        return None


async def _back(record: Record, ready_s: float) -> bool | None:
    return True if any(s.status == 200 for s in record.of("order", since_s=ready_s).seen) else None


DRILL = Drill(
    1,
    "kill -9 order-svc under load",
    "order routes answer 503 with Retry-After, user routes are not affected; recovered within 2 s of its restart",
    run,
)
