"""The order of admission, and the release of what its steps hold."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from gateway.exchange import Exchange
from gateway.problems import Problem
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.unit.gateway.asgi import admitting, answering, call, exchange_in, http_scope, raising, receiving


def noting(name: str, log: list[str]) -> Callable[[Exchange], Awaitable[None]]:
    """A step that holds something."""

    async def step(exchange: Exchange) -> None:
        log.append(name)
        exchange.on_end(lambda: log.append(f"release {name}"))

    return step


def failing(error: BaseException) -> Callable[[Exchange], Awaitable[None]]:
    async def step(_exchange: Exchange) -> None:
        raise error

    return step


def opened() -> Scope:
    scope = http_scope()
    exchange_in(scope)
    return scope


async def test_steps_run_in_order_and_release_in_reverse_order() -> None:
    log: list[str] = []

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        log.append("endpoint")
        await answering()(scope, receive, send)

    await call(admitting(noting("a", log), noting("b", log), endpoint=endpoint), opened())
    assert log == ["a", "b", "endpoint", "release b", "release a"]


@pytest.mark.parametrize("error", [ValueError("broken"), asyncio.CancelledError()])
async def test_step_that_fails_releases_what_earlier_steps_hold(error: BaseException) -> None:
    log: list[str] = []
    with pytest.raises(type(error)) as caught:
        await call(admitting(noting("a", log), failing(error), noting("b", log)), opened())
    assert caught.value is error
    assert log == ["a", "release a"]


@pytest.mark.parametrize("error", [ValueError("broken"), asyncio.CancelledError()])
async def test_endpoint_that_fails_releases_everything(error: BaseException) -> None:
    log: list[str] = []
    with pytest.raises(type(error)):
        await call(admitting(noting("a", log), noting("b", log), endpoint=raising(error)), opened())
    assert log == ["a", "b", "release b", "release a"]


async def test_everything_is_released_when_the_client_disconnects() -> None:
    log: list[str] = []

    async def waiting(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    request = asyncio.create_task(call(admitting(noting("a", log), endpoint=waiting), opened()))
    await asyncio.sleep(0)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert log == ["a", "release a"]


async def test_other_releases_run_when_one_fails() -> None:
    log: list[str] = []

    async def broken(exchange: Exchange) -> None:
        exchange.on_end(_fail)

    with pytest.raises(ValueError, match="broken"):
        await call(admitting(noting("a", log), broken), opened())
    assert log == ["a", "release a"]


def _fail() -> None:
    raise ValueError("broken")


async def test_no_step_runs_after_one_that_has_set_a_handler() -> None:
    log: list[str] = []
    page: ASGIApp = answering(b"page")

    async def routing(exchange: Exchange) -> None:
        exchange.handler = page

    response = await call(admitting(noting("a", log), routing, noting("b", log)), opened())
    assert response.body == b"page"
    assert log == ["a", "release a"]


async def test_start_of_the_response_is_notified_before_it_is_sent() -> None:
    log: list[str] = []

    async def step(exchange: Exchange) -> None:
        exchange.on_response_start = lambda: log.append("started")

    async def send(message: Message) -> None:
        log.append(message["type"])

    await admitting(step)(opened(), receiving(()), send)
    assert log == ["started", "http.response.start", "http.response.body"]


async def test_problem_is_replaced_when_a_step_asks_for_it() -> None:
    raised, other = Problem(504, "DEADLINE_EXCEEDED"), Problem(408, "CLIENT_TIMEOUT")

    async def step(exchange: Exchange) -> None:
        exchange.on_problem = lambda problem: other if problem is raised else problem

    with pytest.raises(Problem) as caught:
        await call(admitting(step, endpoint=raising(raised)), opened())
    assert caught.value is other
    assert caught.value.__context__ is raised
