"""A trial call without a result does not block the next trial."""

import asyncio
import time

from tests.faults.broken_orders import DEADLINE_S, GRACE_S, ORDERS, RESET_S, break_open, hang
from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_most, counted
from tests.faults.http_client import HttpConnection
from tests.faults.load import Clients, load
from tests.faults.people import Person, newcomer
from tests.faults.stage import Stage
from tests.faults.stand_ins import IsolatedGateway, gateway_before
from tests.integration.gateway.upstream.service import Replica, replicas
from tests.running.polling import in_time

#: A failed trial leaves the breaker open for its full time again.
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
    return [*hanging, *cancelled, counted("responses once the service has recovered", healed, 1)]


async def _hanging(gateway: IsolatedGateway, replica: Replica, person: Person) -> list[Finding]:
    """Measures when the next trial comes after trials that hang until their deadline."""
    await break_open(gateway, replica, person)
    trials = _trials(replica)
    async with load(gateway.url, Clients("ask", person.get(ORDERS), count=4, pause_s=_ASK_EVERY_S)):
        await in_time(lambda: _at_least(2, trials), within_s=_ANOTHER_WITHIN_S)
    return [
        counted("trials after one that hangs", min(len(trials), 2) - 1, 1),
        at_most("time between two trials", trials[1] - trials[0], _NEXT_S, " s", clock=True),
    ]


async def _cancelled(gateway: IsolatedGateway, replica: Replica, person: Person) -> list[Finding]:
    """Measures when the next trial comes after the client of a trial has disconnected."""
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
        at_most("time until the next trial", trials[1] - left_at, _NEXT_S, " s", clock=True),
    ]


def _trials(replica: Replica) -> list[float]:
    """Lets all calls hang, and returns a list of the times (time.monotonic()) at which they arrive."""
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


async def _answered(gateway: IsolatedGateway, person: Person) -> int:
    """Returns 1 once a response comes."""
    connection = HttpConnection(gateway.url)

    async def answered() -> int | None:
        return 1 if (await person.get(ORDERS)(connection)).status == 200 else None

    try:
        return await in_time(answered, within_s=_ANOTHER_WITHIN_S)
    finally:
        connection.close()


DRILL = Drill(4, "the trial call hangs, or is cancelled", "the next trial starts in time", run)
