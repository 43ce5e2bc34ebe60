import asyncio
from contextlib import suppress

import pytest
from gateway.admission.overload import OverloadStep, rejection_bucket
from gateway.limits.leaky_bucket import LeakyBucket
from gateway.problems import Decision, Problem
from starlette.types import Receive, Scope, Send

from tests.unit.gateway.admission.throttles import RPC, throttle
from tests.unit.gateway.asgi import admitting, answering, call, exchange_in, http_scope, policy


async def test_request_passes_while_the_queue_has_room_and_is_rejected_when_it_is_full() -> None:
    limit = throttle(1, max_queue=1)
    app = admitting(OverloadStep(limit, rejection_bucket()))
    limiter = limit.limiter(RPC)

    async def ask() -> int:
        scope = http_scope()
        exchange_in(scope, policy=policy())
        return (await call(app, scope)).status

    assert await ask() == 200
    await limiter.acquire(RPC)
    assert await ask() == 200
    waiting = asyncio.create_task(limiter.acquire(RPC))
    await asyncio.sleep(0)
    with pytest.raises(Problem) as caught:
        await ask()
    assert (caught.value.status, caught.value.code) == (503, "OVERLOADED")
    assert caught.value.decision == Decision("throttle", "queue_full", limit=1, retry_after_s=1)
    waiting.cancel()


async def test_request_without_an_endpoint_passes() -> None:
    limit = throttle(1)
    await limit.limiter(RPC).acquire(RPC)
    scope = http_scope()
    exchange_in(scope)
    assert (await call(admitting(OverloadStep(limit, rejection_bucket())), scope)).status == 200


async def test_rejection_is_delayed_when_the_client_retries_too_fast() -> None:
    limit = throttle(1)
    await limit.limiter(RPC).acquire(RPC)
    # One at once, and the next one in an hour.
    app = admitting(OverloadStep(limit, LeakyBucket(1 / 3600, burst=0, max_wait_s=3600)))

    async def ask() -> None:
        scope = http_scope()
        exchange_in(scope, policy=policy())
        await call(app, scope)

    with pytest.raises(Problem):
        await ask()
    waiting = asyncio.create_task(ask())
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert not done
    waiting.cancel()


@pytest.mark.parametrize("end", [None, Problem(401, "TOKEN_EXPIRED"), asyncio.CancelledError()])
async def test_admitted_request_holds_its_reservation_until_it_is_answered(end: BaseException | None) -> None:
    limit = throttle(1)
    others: list[int] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(Problem) as caught:
            await call(app, endpoint_scope())
        others.append(caught.value.status)
        if end is not None:
            raise end
        await answering()(scope, receive, send)

    def endpoint_scope() -> Scope:
        scope = http_scope()
        exchange_in(scope, policy=policy())
        return scope

    app = admitting(OverloadStep(limit, rejection_bucket()), endpoint=slow)
    for _ in range(2):  # the second finds that the first has left nothing behind
        with suppress(Problem, asyncio.CancelledError):
            await call(app, endpoint_scope())
    assert others == [503, 503]
