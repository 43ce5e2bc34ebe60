import asyncio

import pytest
from gateway.limits.concurrency_limit import ConcurrencyLimit
from gateway.middleware.throttle import ThrottleMiddleware
from gateway.problems import Decision, Problem
from starlette.types import Receive, Scope, Send

from tests.unit.gateway.asgi import answering, call, http_scope, passes_lifespan_through, raising


async def test_other_scopes_pass() -> None:
    limit = ConcurrencyLimit(1, 0, 0)
    assert await passes_lifespan_through(lambda app: ThrottleMiddleware(app, limit))


async def test_no_more_than_allowed_are_inside_and_the_rest_is_shed_quickly() -> None:
    limit = ConcurrencyLimit(3, max_queue=2, max_wait_s=5)
    inside = most = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1
        await answering()(scope, receive, send)

    layer = ThrottleMiddleware(app, limit)
    results = await asyncio.gather(*(call(layer, http_scope()) for _ in range(20)), return_exceptions=True)
    problems = [result for result in results if isinstance(result, Problem)]
    assert most == 3
    assert len(problems) == 15
    assert problems[0].status == 503
    assert problems[0].code == "OVERLOADED"
    assert problems[0].decision == Decision("throttle", "shedding", limit=3, retry_after_s=1)
    assert limit.in_use == 0


@pytest.mark.parametrize("error", [ValueError(), asyncio.CancelledError()])
async def test_a_place_is_given_back_whatever_happens(error: BaseException) -> None:
    limit = ConcurrencyLimit(1, 0, 0)
    with pytest.raises(type(error)):
        await call(ThrottleMiddleware(raising(error), limit), http_scope())
    assert limit.in_use == 0
