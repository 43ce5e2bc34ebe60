"""A trial that comes to nothing does not keep the breaker from the next one."""

import asyncio
import time

from tests.faults.broken_orders import DEADLINE_S, GRACE_S, ORDERS, RESET_S, break_open, hang
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_most, counted
from tests.faults.http_client import HttpConnection
from tests.faults.load import Clients, load
from tests.faults.people import Person, newcomer
from tests.faults.stage import Stage
from tests.faults.stand_ins import Beside, gateway_before
from tests.integration.gateway.upstream.service import Replica, replicas
from tests.running.polling import in_time

#: A trial that fails leaves the breaker open for its time again.
_NEXT_S = DEADLINE_S + RESET_S + GRACE_S
_ANOTHER_WITHIN_S = 30.0
_ASK_EVERY_S = 0.02


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    person = await newcomer(stack.url)
    async with replicas(1) as (replica,), gateway_before(stack, [replica]) as gateway:
        hanging = await _hanging(gateway, replica, person)
        cancelled = await _cancelled(gateway, replica, person)
        replica.behave = _answer
        healed = await _answered(gateway, person)
    return [*hanging, *cancelled, counted("answers once the service is well", healed, 1)]


async def _hanging(gateway: Beside, replica: Replica, person: Person) -> list[Finding]:
    """Trials that hang until their deadline: when the next one comes."""
    await break_open(gateway, replica, person)
    trials = _trials(replica)
    async with load(gateway.url, Clients("ask", person.get(ORDERS), count=4, pause_s=_ASK_EVERY_S)):
        await in_time(lambda: _at_least(2, trials), within_s=_ANOTHER_WITHIN_S)
    return [
        counted("trials after one that hangs", min(len(trials), 2) - 1, 1),
        at_most("time from one to the next", trials[1] - trials[0], _NEXT_S, " s", clock=True),
    ]


async def _cancelled(gateway: Beside, replica: Replica, person: Person) -> list[Finding]:
    """A trial whose client leaves: when the next one comes."""
    await asyncio.sleep(RESET_S)
    trials = _trials(replica)
    connection = HttpConnection(gateway.url)
    leaving = asyncio.ensure_future(person.get(ORDERS)(connection))
    await in_time(lambda: _at_least(1, trials), within_s=_ANOTHER_WITHIN_S)
    leaving.cancel()
    await asyncio.wait({leaving})
    connection.close()
    left_at = time.monotonic()
    async with load(gateway.url, Clients("ask", person.get(ORDERS), pause_s=_ASK_EVERY_S)):
        await in_time(lambda: _at_least(2, trials), within_s=_ANOTHER_WITHIN_S)
    return [
        counted("trials after one that was cancelled", min(len(trials), 2) - 1, 1),
        at_most("time until then", trials[1] - left_at, _NEXT_S, " s", clock=True),
    ]


def _trials(replica: Replica) -> list[float]:
    """When calls reach the service from now on, in seconds of time.monotonic(); each of them hangs."""
    arrivals: list[float] = []

    async def note_and_hang(stream: object) -> None:
        arrivals.append(time.monotonic())
        await hang(stream)

    replica.behave = note_and_hang
    return arrivals


async def _at_least(number: int, arrivals: list[float]) -> bool | None:
    return True if len(arrivals) >= number else None


async def _answer(_stream: object) -> None:
    return


async def _answered(gateway: Beside, person: Person) -> int:
    """1 as soon as an answer comes."""
    connection = HttpConnection(gateway.url)

    async def answered() -> int | None:
        return 1 if (await person.get(ORDERS)(connection)).status == 200 else None

    try:
        return await in_time(answered, within_s=_ANOTHER_WITHIN_S)
    finally:
        connection.close()


DRILL = Drill(4, "the trial hangs or is cancelled", "the next trial comes all the same", run)
