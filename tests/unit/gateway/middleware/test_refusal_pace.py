"""Which refusals wait for their turn."""

import asyncio

import pytest
from gateway.limits.client_paces import ClientPaces
from gateway.middleware.refusal_pace import RefusalPaceMiddleware
from gateway.problems import Problem
from starlette.types import Receive, Scope, Send

from tests.unit.gateway.asgi import answering, call, exchange_in, http_scope


def paced(status: int) -> RefusalPaceMiddleware:
    """One refusal at once, and the next one in an hour."""

    async def refusing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise Problem(status, "REASON")

    paces = ClientPaces(1 / 3600, at_once=0, longest_s=3600, most_waiting=10)
    return RefusalPaceMiddleware(refusing, paces)


async def ask(app: RefusalPaceMiddleware, *, admitted: bool = False) -> None:
    scope = http_scope()
    exchange_in(scope).is_admitted = admitted
    with pytest.raises(Problem):
        await call(app, scope)


async def is_answered(app: RefusalPaceMiddleware, *, admitted: bool = False) -> bool:
    asking = asyncio.create_task(ask(app, admitted=admitted))
    done, _ = await asyncio.wait({asking}, timeout=0.02)
    asking.cancel()
    return bool(done)


@pytest.mark.parametrize("status", [400, 401, 404, 405, 414, 429, 431])
async def test_a_client_that_goes_on_waits_for_its_refusals(status: int) -> None:
    app = paced(status)
    await ask(app)
    assert not await is_answered(app)


async def test_what_a_quota_admitted_does_not_wait() -> None:
    app = paced(404)
    await ask(app)
    assert await is_answered(app, admitted=True)


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_a_failure_of_ours_does_not_wait(status: int) -> None:
    app = paced(status)
    await ask(app)
    assert await is_answered(app)


async def test_a_success_passes() -> None:
    scope = http_scope()
    exchange_in(scope)
    app = RefusalPaceMiddleware(answering(), ClientPaces(1, at_once=0, longest_s=1, most_waiting=1))
    assert (await call(app, scope)).status == 200
