import asyncio

import pytest
from gateway.middleware.overload import OverloadMiddleware
from gateway.problems import Decision, Problem

from tests.unit.gateway.asgi import answering, call, exchange_in, http_scope, passes_lifespan_through, policy
from tests.unit.gateway.middleware.throttles import RPC, throttle


async def test_other_scopes_pass() -> None:
    assert await passes_lifespan_through(lambda app: OverloadMiddleware(app, throttle(1)))


async def test_whoever_may_wait_passes_and_nobody_else() -> None:
    limit = throttle(1, max_queue=1)
    app = OverloadMiddleware(answering(), limit)
    lane = limit.lane(RPC)

    async def ask() -> int:
        scope = http_scope()
        exchange_in(scope, policy=policy())
        return (await call(app, scope)).status

    assert await ask() == 200
    await lane.enter(RPC)
    assert await ask() == 200
    waiting = asyncio.create_task(lane.enter(RPC))
    await asyncio.sleep(0)
    with pytest.raises(Problem) as caught:
        await ask()
    assert (caught.value.status, caught.value.code) == (503, "OVERLOADED")
    assert caught.value.decision == Decision("throttle", "queue_full", limit=1, retry_after_s=1)
    waiting.cancel()


async def test_what_is_no_endpoint_passes() -> None:
    limit = throttle(1)
    await limit.lane(RPC).enter(RPC)
    scope = http_scope()
    exchange_in(scope)
    assert (await call(OverloadMiddleware(answering(), limit), scope)).status == 200
