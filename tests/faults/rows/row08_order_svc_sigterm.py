"""order-svc receives SIGTERM under load: it completes the calls in flight, and starts no others."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from shared_contracts.order.v1 import OrderStatus, UpdateOrderStatusRequest

from tests.faults.drill import Drill
from tests.faults.extra_process import probe
from tests.faults.finding import Finding, always, at_least, at_most, counted
from tests.faults.grpc_calls import calling, channel_to, outcome, unary
from tests.faults.load import Clients, Record, load, summary
from tests.faults.order_store import a_statement_waits, connected, orders_of
from tests.faults.people import Person, newcomer
from tests.faults.stage import Stage, gone, restart, send
from tests.running.polling import in_time
from tests.running.stacks import Stack

_UPDATE = "/order.v1.OrderService/UpdateOrderStatus"
_WATCH = "/grpc.health.v1.Health/Watch"
#: Longer than the notice, so that there is a period in which calls are refused.
_IN_FLIGHT_S = 0.8
_DRAIN_S = 10.0
_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class _End:
    """One stop of the process. watched: the last health status. in_flight: the outcome of a long call."""

    watched: str
    readyz: int
    in_flight: str
    took_s: float


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(5, 1)))


async def _run(stack: Stack, times: int) -> list[Finding]:
    person, direct = await newcomer(stack.url), Counter[str]()
    waiting = [await person.place(stack.url) for _ in range(times)]
    clients = (
        Clients("create", person.order(), count=3, pause_s=0.01),
        Clients("read", person.get("/api/v1/orders"), pause_s=0.02),
    )
    async with load(stack.url, *clients) as record:
        ends = [await _end(stack, person, order_id, record, direct) for order_id in waiting]
    rows = len(await orders_of(stack, person.user_id))
    created = sum(seen.status == 201 for seen in record.seen)
    refused = direct["UNAVAILABLE DRAINING"]
    rest = {
        status.rstrip(): count for status, count in direct.items() if status.split()[0] not in {"OK", "UNAVAILABLE"}
    }
    statuses = {seen.status for seen in record.seen}
    return [
        always("health status that a watcher receives", "NOT_SERVING", [end.watched for end in ends]),
        always("/readyz", "503", [str(end.readyz) for end in ends]),
        always("a call in flight", "OK", [end.in_flight for end in ends]),
        at_least("calls over gRPC refused as DRAINING", refused, times),
        Finding("calls that were neither OK nor UNAVAILABLE", "none", summary(rest), not rest),
        Finding("responses to REST", "200, 201, 503", summary(record.by_outcome()), statuses <= {200, 201, 503}),
        counted("stored orders minus acknowledged ones", rows - created - times),
        at_most("the longest time to exit", max(end.took_s for end in ends), _DRAIN_S + 1, " s", clock=True),
    ]


async def _end(stack: Stack, person: Person, order_id: str, record: Record, direct: Counter[str]) -> _End:
    """Stops the process while a call waits for a lock, and starts it again."""
    target = stack.grpc_target("order-svc")
    admin_url = stack.admin_url("order-svc")
    async with calling(target, person.token, order_id, count=3) as caller_outcomes, channel_to(target) as channel:
        watch = channel.unary_stream(_WATCH)(HealthCheckRequest().SerializeToString(), timeout=60)
        assert HealthCheckResponse.FromString(await watch.read()).status == HealthCheckResponse.SERVING
        async with _locked(stack, order_id):
            message = bytes(UpdateOrderStatusRequest(order_id=order_id, status=OrderStatus.CANCELLED))
            in_flight = asyncio.create_task(outcome(unary(channel, _UPDATE, message, token=person.token)))
            await in_time(lambda: a_statement_waits(stack), within_s=5)
            began_s = time.monotonic()
            pid = send(stack, "order-svc", signal.SIGTERM)
            watched = HealthCheckResponse.FromString(await watch.read()).status
            readyz = await probe(admin_url, "/readyz")
            await asyncio.sleep(max(0.0, began_s + _IN_FLIGHT_S - time.monotonic()))
        ended = await in_flight
        await asyncio.to_thread(gone, pid)
        took_s = time.monotonic() - began_s
    direct.update(caller_outcomes)
    await asyncio.to_thread(restart, stack, "order-svc")
    await _creates_again(record)
    return _End(HealthCheckResponse.ServingStatus.Name(watched), readyz, ended, took_s)


async def _creates_again(record: Record) -> None:
    since_s = time.monotonic()

    async def created() -> bool | None:
        return any(seen.status == 201 for seen in record.of("create", since_s=since_s).seen) or None

    await in_time(created, within_s=_WITHIN_S)


@asynccontextmanager
async def _locked(stack: Stack, order_id: str) -> AsyncIterator[None]:
    """Locks the order within the context."""
    async with connected(stack) as connection:
        await connection.execute("SELECT FROM orders WHERE order_id = %s FOR UPDATE", (order_id,))
        yield


DRILL = Drill(
    8,
    "SIGTERM to order-svc under load",
    "not ready, new calls refused, calls in progress finish: none is lost or cancelled",
    run,
)
