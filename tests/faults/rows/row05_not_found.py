"""A client error in a response does not count as a failure of the service."""

import asyncio

from tests.faults.drill import Drill
from tests.faults.finding import Finding, counted
from tests.faults.http_client import HttpConnection
from tests.faults.load import Record, see
from tests.faults.people import metric, newcomer
from tests.faults.stage import Stage

_ASKED = 1000
_NOWHERE = "/api/v1/orders/00000000-0000-7000-8000-000000000000"
_TRANSITIONS = "headrace_gateway_breaker_transitions_total"


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage))


async def _run(stage: Stage) -> list[Finding]:
    stack = stage.stack()
    person, record, connection = await newcomer(stack.url), Record(), HttpConnection(stack.url)
    before = await metric(stack, "gateway", _TRANSITIONS)
    for _ in range(_ASKED):
        await see(record, "nowhere", connection, person.get(_NOWHERE))
    connection.close()
    transitions = await metric(stack, "gateway", _TRANSITIONS) - before
    return [
        counted("responses that are 404", record.by_outcome().get("404 ORDER_NOT_FOUND", 0), _ASKED),
        counted("transitions of the breaker", int(transitions)),
    ]


DRILL = Drill(5, "1 000 responses of 404", "the breaker does not change", run)
