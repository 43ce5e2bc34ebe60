"""A quota holds across all gateways."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import ceil

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least, at_most, counted
from tests.faults.http_client import HttpConnection
from tests.faults.load import Clients, Record, Seen, load, see
from tests.faults.people import Person, metric, newcomer
from tests.faults.quotas import GATEWAYS, INTERVAL_S, QUOTA, four_gateways
from tests.faults.stage import Stage
from tests.running.polling import in_time
from tests.running.stacks import Stack

_BURST = 10 * QUOTA
_CLIENTS = 10 * GATEWAYS
_BURST_WITHIN_S = 60
_TOLERANCE = 0.01
_REQUESTS = "http_server_request_duration_seconds_count"


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(four_gateways(stage)))


async def _run(stack: Stack) -> list[Finding]:
    person, began_s = await newcomer(stack.url), time.monotonic()
    before = await _answered(stack)
    async with load(stack.url, Clients("burst", person.get("/api/v1/users/me"), count=_CLIENTS)) as record:
        await in_time(_has_seen(record, _BURST), within_s=_BURST_WITHIN_S)
    came_back = int((time.monotonic() - began_s) / INTERVAL_S)
    outcomes = record.by_outcome()
    admitted = outcomes.get("200", 0)
    busy = [after > count for count, after in zip(before, await _answered(stack), strict=True)]
    return [
        counted("gateways that took part in the burst", sum(busy), GATEWAYS),
        at_least(f"admitted of {len(record.seen)}", admitted, QUOTA),
        at_most("admitted, minus the refill", admitted - came_back, QUOTA * (1 + _TOLERANCE)),
        counted("neither admitted nor 429", len(record.seen) - admitted - outcomes.get("429 RATE_LIMITED", 0)),
        *await _admitted_after_retry_after(stack, person, [seen for seen in record.seen if seen.status == 429]),
    ]


def _has_seen(record: Record, number: int) -> Callable[[], Awaitable[bool | None]]:
    async def seen() -> bool | None:
        return len(record.seen) >= number or None

    return seen


async def _answered(stack: Stack) -> list[float]:
    names = [name for name in stack.services if name.startswith("gateway")]
    return [await metric(stack, name, _REQUESTS, http_route="/api/v1/users/{user_id}") for name in names]


async def _admitted_after_retry_after(stack: Stack, person: Person, refused: list[Seen]) -> list[Finding]:
    waits_s = [_retry_after(seen) for seen in refused]
    last = max(refused, key=lambda seen: seen.started_s)
    await asyncio.sleep(last.started_s + last.took_s + _retry_after(last) - time.monotonic())
    again, connection = Record(), HttpConnection(stack.url)
    await see(again, "again", connection, person.get("/api/v1/users/me"))
    connection.close()
    return [
        at_least("Retry-After", min(waits_s), 1, " s"),
        at_most("Retry-After", max(waits_s), ceil(INTERVAL_S), " s"),
        counted("admitted after Retry-After", again.by_outcome().get("200", 0), 1),
    ]


def _retry_after(seen: Seen) -> int:
    assert seen.answer is not None
    seconds = int(seen.answer.headers["retry-after"])
    assert seconds == seen.answer.json()["decision"]["retry_after_s"], "the document says something else"
    return seconds


DRILL = Drill(20, "4 gateways, a burst of ten times the limit", "exactly the limit is admitted", run)
