"""Without user-svc, orders keep working for clients with a valid access token."""

import asyncio
import time

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.load import Clients, Record, load, summary
from tests.faults.people import metric, newcomer
from tests.faults.stage import Stage, kill, restart
from tests.running.polling import in_time
from tests.running.stacks import Stack

_AWAY_S = 600.0
_SHORT_AWAY_S = 3.0
#: The key set is fetched every 10 s; when that fails, the former keys stay valid.
_FETCH_FAILS_WITHIN_S = 30.0
_REFRESHES = "auth_key_set_refreshes_total"
_BACK_WITHIN_S = 20.0
_BACK_SOON_S = 2.0


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    person = await newcomer(stack.url)
    order_id = await person.place(stack.url)
    clients = [
        Clients("list", person.get("/api/v1/orders"), pause_s=1.0),
        Clients("read", person.get(f"/api/v1/orders/{order_id}"), pause_s=1.0),
        Clients("create", person.order(), pause_s=1.0),
        Clients("user", person.get("/api/v1/users/me"), pause_s=1.0),
    ]
    kill(stack, "user-svc")
    try:
        async with load(stack.url, *clients) as record:
            fetched = await _outlast(stack, stage.either(_AWAY_S, _SHORT_AWAY_S))
    finally:
        await asyncio.to_thread(restart, stack, "user-svc")
    return [*_found(record, fetched), await _registers_again(stack)]


async def _outlast(stack: Stack, seconds: float) -> int:
    """Waits for this time and for failed fetches of the keys, and returns their number."""
    until_s = time.monotonic() + seconds

    async def asked() -> int | None:
        failed = await metric(stack, "order-svc", _REFRESHES, outcome="failed")
        return int(failed) if failed and time.monotonic() >= until_s else None

    return await in_time(asked, within_s=seconds + _FETCH_FAILS_WITHIN_S, every_s=0.5)


def _found(record: Record, fetches: int) -> list[Finding]:
    orders = record.of("list", "read", "create")
    outcomes = orders.by_outcome()
    users = record.of("user").by_outcome()
    return [
        at_least("fetches of its keys that failed", fetches, 1),
        at_least("requests for orders", len(orders.seen), 3),
        counted("errors among them", sum(outcomes.values()) - outcomes.get("200", 0) - outcomes.get("201", 0)),
        Finding("requests for users", "503", summary(users), all(outcome.startswith("503") for outcome in users)),
    ]


async def _registers_again(stack: Stack) -> Finding:
    """Checks that everything recovers by itself once user-svc is ready."""
    since_s = time.monotonic()

    async def registered() -> bool | None:
        try:
            await newcomer(stack.url)
        except (AssertionError, OSError, EOFError):
            return None
        return True

    await in_time(registered, within_s=_BACK_WITHIN_S)
    return at_most("registrations recover after", time.monotonic() - since_s, _BACK_SOON_S, " s", clock=True)


DRILL = Drill(
    27,
    "user-svc is down for 10 minutes",
    "0 errors on order routes for callers with a valid token",
    run,
    in_background=True,
)
