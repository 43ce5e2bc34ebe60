import asyncio
import time
from itertools import count

import pytest
from gateway.admission.throttle import ThrottleStep
from gateway.limits.throttle import Throttle
from gateway.problems import Decision, Problem
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.unit.gateway.admission.throttles import RPC, throttle
from tests.unit.gateway.asgi import (
    Response,
    admitting,
    answering,
    call,
    exchange_in,
    http_scope,
    policy,
    raising,
    receiving,
)

_numbers = count(1)


async def ask(app: ASGIApp, deadline: float | None = None, address: str | None = None) -> Response:
    """From a network of its own, unless an address is given."""
    scope = http_scope()
    request = exchange_in(scope, policy=policy()).request
    request.deadline, request.client_address = deadline, address or f"192.0.{next(_numbers)}.1"
    return await call(app, scope)


def in_use(of: Throttle) -> int:
    return of.limiter(RPC).in_use


async def test_request_without_an_endpoint_passes() -> None:
    scope = http_scope()
    exchange_in(scope)
    limit = throttle(1)
    await limit.limiter(RPC).acquire(RPC)
    assert (await call(admitting(ThrottleStep(limit)), scope)).status == 200


async def test_requests_beyond_permits_and_queue_are_rejected() -> None:
    limit = throttle(3, max_queue=2)
    inside = most = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1
        await answering()(scope, receive, send)

    layer = admitting(ThrottleStep(limit), endpoint=app)
    results = await asyncio.gather(*(ask(layer) for _ in range(20)), return_exceptions=True)
    problems = [result for result in results if isinstance(result, Problem)]
    assert most == 3
    assert len(problems) == 15
    assert (problems[0].status, problems[0].code) == (503, "OVERLOADED")
    assert problems[0].decision == Decision("throttle", "queue_full", limit=3, retry_after_s=1)
    assert in_use(limit) == 0


async def test_one_network_leaves_permits_to_others() -> None:
    limit = throttle(4)
    gate = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await answering()(scope, receive, send)

    layer = admitting(ThrottleStep(limit), endpoint=app)
    first = asyncio.create_task(ask(layer, address="192.0.2.1"))
    await asyncio.sleep(0)
    with pytest.raises(Problem) as caught:
        await ask(layer, address="192.0.2.1")
    assert caught.value.decision == Decision("throttle", "client_share", limit=4, retry_after_s=1)
    second = asyncio.create_task(ask(layer, address="192.0.2.2"))
    await asyncio.sleep(0)
    gate.set()
    assert [(await first).status, (await second).status] == [200, 200]


async def test_request_whose_deadline_has_passed_is_rejected() -> None:
    limit = throttle(1, max_queue=1)
    await limit.limiter(RPC).acquire(RPC)
    with pytest.raises(Problem) as caught:
        await ask(admitting(ThrottleStep(limit)), time.monotonic() - 1)
    assert caught.value.decision == Decision("throttle", "deadline", limit=1, retry_after_s=1)


async def test_permit_is_released_when_the_response_starts() -> None:
    limit = throttle(1)
    scope = http_scope()
    exchange_in(scope, policy=policy())
    seen: list[int] = []

    async def send(_message: Message) -> None:
        seen.append(in_use(limit))

    await admitting(ThrottleStep(limit))(scope, receiving(()), send)
    assert seen == [0, 0]


@pytest.mark.parametrize("error", [ValueError(), Problem(404, "X"), asyncio.CancelledError()])
@pytest.mark.parametrize("after_start", [False, True])
async def test_permit_is_released_once_after_every_error(error: BaseException, after_start: bool) -> None:
    limit = throttle(2)
    await limit.limiter(RPC).acquire(RPC)
    with pytest.raises(type(error)):
        await ask(admitting(ThrottleStep(limit), endpoint=raising(error, after_start=after_start)))
    assert in_use(limit) == 1
