"""Which refusals are delayed."""

import asyncio

import pytest
from gateway.limits.leaky_bucket import ClientLeakyBuckets
from gateway.middleware.refusal_delay import RefusalDelayMiddleware
from gateway.problems import Problem
from starlette.types import Receive, Scope, Send

from tests.unit.gateway.asgi import answering, call, exchange_in, http_scope


def delayed(status: int) -> RefusalDelayMiddleware:
    """One refusal at once, and the next one in an hour."""

    async def refusing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise Problem(status, "REASON")

    buckets = ClientLeakyBuckets(1 / 3600, burst=0, max_wait_s=3600, max_waiting=10)
    return RefusalDelayMiddleware(refusing, buckets)


async def ask(app: RefusalDelayMiddleware, *, admitted: bool = False) -> None:
    scope = http_scope()
    exchange_in(scope).is_admitted = admitted
    with pytest.raises(Problem):
        await call(app, scope)


async def is_answered(app: RefusalDelayMiddleware, *, admitted: bool = False) -> bool:
    asking = asyncio.create_task(ask(app, admitted=admitted))
    done, _ = await asyncio.wait({asking}, timeout=0.02)
    asking.cancel()
    return bool(done)


@pytest.mark.parametrize("status", [400, 401, 404, 405, 414, 429, 431])
async def test_repeated_refusal_is_delayed(status: int) -> None:
    app = delayed(status)
    await ask(app)
    assert not await is_answered(app)


async def test_refusal_is_not_delayed_when_a_quota_admitted_the_request() -> None:
    app = delayed(404)
    await ask(app)
    assert await is_answered(app, admitted=True)


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_server_error_is_not_delayed(status: int) -> None:
    app = delayed(status)
    await ask(app)
    assert await is_answered(app)


async def test_success_is_not_delayed() -> None:
    scope = http_scope()
    exchange_in(scope)
    app = RefusalDelayMiddleware(answering(), ClientLeakyBuckets(1, burst=0, max_wait_s=1, max_waiting=1))
    assert (await call(app, scope)).status == 200
