"""Without Redis, orders work with a local share of the quota per gateway, and login attempts are refused."""

import asyncio

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.load import Record, Seen
from tests.faults.people import Person, newcomer
from tests.faults.quotas import GATEWAYS, QUOTA, ask_in_turn, connections, four_gateways, quota_of, shared_again
from tests.faults.stage import Stage, kill, restart
from tests.running.polling import in_time
from tests.running.stacks import Stack

_LOGINS = 40
_SHARE = QUOTA // GATEWAYS
#: Tolerance for buckets that refill while they are emptied.
_REFILLED = 8
_ADDED_S = 0.1
_BACK_WITHIN_S = 20.0


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(four_gateways(stage)))


async def _run(stack: Stack) -> list[Finding]:
    before, during = await newcomer(stack.url), await newcomer(stack.url)
    record = Record()
    async with connections(stack) as gateways:
        await ask_in_turn(record, "before", gateways, before.order(), QUOTA // 2)
        kill(stack, "redis")
        try:
            await ask_in_turn(record, "order", gateways, during.order(), QUOTA + 3 * GATEWAYS)
            await ask_in_turn(record, "login", gateways, during.log_in(), _LOGINS)
        finally:
            await asyncio.to_thread(restart, stack, "redis")
        back = [await shared_again(connection, await _newcomer_in_time(stack)) for connection in gateways]
    return [*_orders(record), *_logins(record), counted("gateways that share the quota again", sum(back), GATEWAYS)]


def _orders(record: Record) -> list[Finding]:
    orders = record.of("order")
    outcomes = orders.by_outcome()
    admitted = outcomes.get("201", 0)
    local = [quota for seen in orders.seen if (quota := quota_of(seen.answer)) and quota.policy == "default-local"]
    states = {_state(seen) for seen in orders.seen if seen.status == 429}
    added_s = orders.longest_s() - record.of("before").percentile_s(0.99)
    return [
        at_least("orders admitted", admitted, QUOTA),
        at_most("orders admitted", admitted, QUOTA + _REFILLED),
        counted("orders neither admitted nor 429", len(orders.seen) - admitted - outcomes.get("429 RATE_LIMITED", 0)),
        counted("that reported the local share", sum(quota.quota == _SHARE for quota in local), len(orders.seen)),
        Finding("reason of the refusals", "local_share", " ".join(sorted(states)), states == {"local_share"}),
        at_most("slowest order, above the p99 before", added_s * 1000, _ADDED_S * 1000, " ms", clock=True),
    ]


def _logins(record: Record) -> list[Finding]:
    logins = record.of("login")
    refused = logins.by_outcome().get("503 RATE_LIMIT_UNAVAILABLE", 0)
    come_back = [seen.answer is not None and "retry-after" in seen.answer.headers for seen in logins.seen]
    return [
        counted(f"logins refused with 503, of {_LOGINS}", refused, _LOGINS),
        counted("with Retry-After", sum(come_back), _LOGINS),
    ]


def _state(seen: Seen) -> str:
    return str(seen.answer.json()["decision"]["state"]) if seen.answer is not None else ""


async def _newcomer_in_time(stack: Stack) -> Person:
    """Registers a user as soon as registration works again."""

    async def registered() -> Person | None:
        try:
            return await newcomer(stack.url)
        except (AssertionError, OSError, EOFError):
            return None

    return await in_time(registered, within_s=_BACK_WITHIN_S)


DRILL = Drill(
    10, "Redis is down", "orders under a local share of the quota, logins refused; at most 100 ms slower", run
)
