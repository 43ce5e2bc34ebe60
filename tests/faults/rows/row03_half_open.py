"""A half-open breaker lets one trial call through, however many requests arrive at that moment."""

import asyncio

from tests.faults.broken_orders import ORDERS, RESET_S, break_open, by_breaker
from tests.faults.drill import Drill
from tests.faults.finding import Finding, counted
from tests.faults.load import Record, together
from tests.faults.people import newcomer
from tests.faults.stage import Stage
from tests.faults.stand_ins import gateway_before
from tests.integration.gateway.upstream.service import replicas
from tests.running.polling import in_time

_AT_ONCE = 500
_ANSWERED_WITHIN_S = 60.0


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    person, record, verdict = await newcomer(stack.url), Record(), asyncio.Event()

    async def until_released(_stream: object) -> None:
        await verdict.wait()

    async def others_answered() -> bool | None:
        return True if len(record.seen) >= _AT_ONCE - 1 else None

    async with replicas(1) as (replica,), gateway_before(stack, [replica]) as gateway:
        await break_open(gateway, replica, person)
        replica.calls, replica.behave = 0, until_released
        await asyncio.sleep(RESET_S)
        asking = asyncio.create_task(together(gateway.url, "at once", [person.get(ORDERS)] * _AT_ONCE, record))
        await in_time(others_answered, within_s=_ANSWERED_WITHIN_S)
        verdict.set()
        await asking
        calls = replica.calls
    return [
        counted(f"calls that reached the service, of {_AT_ONCE}", calls, 1),
        counted("of which answered", record.by_outcome().get("200", 0), 1),
        counted("refused by the breaker, with Retry-After", sum(map(by_breaker, record.seen)), _AT_ONCE - 1),
    ]


DRILL = Drill(3, "500 requests reach a half-open breaker", "one of them is the trial call", run)
