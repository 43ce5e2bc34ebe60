"""Opens the breaker of order-svc, and recognises its refusals."""

import asyncio
from typing import Any

from grpclib.const import Status
from service_kit.grpc.errors import to_grpc_error
from service_kit.request.errors import CallError

from tests.faults.http_client import HttpConnection
from tests.faults.load import Record, Seen, see
from tests.faults.people import Person
from tests.faults.stand_ins import IsolatedGateway
from tests.integration.gateway.upstream.service import Replica

#: The gateway's defaults: consecutive failures that open a breaker, and how long it stays open.
FAILURES, RESET_S = 5, 1.0
#: The called method, its deadline, and the time that a response may take beyond the deadline.
ORDERS = "/api/v1/orders"
DEADLINE_S = 3.0
GRACE_S = 0.1


async def unavailable(_stream: Any) -> None:
    """Answers UNAVAILABLE."""
    raise to_grpc_error(CallError(Status.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE"))


async def hang(_stream: Any) -> None:
    """Never answers."""
    await asyncio.Event().wait()


async def break_open(gateway: IsolatedGateway, replica: Replica, person: Person) -> None:
    """Lets calls fail until the breaker opens. After its open time, the next call is the trial."""
    replica.behave = unavailable
    connection, record = HttpConnection(gateway.url), Record()
    try:
        while not (record.seen and by_breaker(record.seen[-1])):
            assert len(record.seen) <= FAILURES, record.by_outcome()
            await see(record, "breaking", connection, person.get(ORDERS))
    finally:
        connection.close()


def by_breaker(seen: Seen) -> bool:
    """Returns whether a request was refused by a breaker, according to the response."""
    if seen.status != 503 or seen.answer is None:
        return False
    decision = seen.answer.json().get("decision", {})
    return decision.get("policy") == "breaker" and "retry-after" in seen.answer.headers
