import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest
from gateway.admission.body_limit import BodyLimitStep
from gateway.exchange import exchange_of
from gateway.problems import Problem
from gateway.transcoding.body_bounds import BodyBounds
from gateway.transcoding.endpoint import Endpoint
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.unit.gateway.asgi import (
    FakeEndpoint,
    FakeMethod,
    Headers,
    admitting,
    answering,
    call,
    exchange_in,
    http_scope,
    policy,
)

CHUNKED = [(b"transfer-encoding", b"chunked")]
CLOSE = ((b"connection", b"close"),)


async def reading(_scope: Scope, receive: Receive, send: Send) -> None:
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    await answering(body)(_scope, receive, send)


def layer(app: ASGIApp, timeout_s: float = 5.0) -> ASGIApp:
    return admitting(BodyLimitStep(max_body_bytes=100, body_timeout_s=timeout_s), endpoint=app)


def posting(headers: Headers, http_version: str = "1.1") -> Scope:
    scope = http_scope("POST", headers=headers, http_version=http_version)
    exchange_in(scope)
    return scope


async def refused(headers: Headers, body: Iterable[bytes] = (b"",), http_version: str = "1.1") -> Problem:
    with pytest.raises(Problem) as caught:
        await call(layer(reading), posting(headers, http_version), body)
    return caught.value


@pytest.mark.parametrize("headers", [[(b"content-length", b"100")], CHUNKED])
async def test_body_up_to_the_limit_passes(headers: Headers) -> None:
    pieces = [b"x" * 60, b"x" * 40, b""]
    response = await call(layer(reading), posting(headers), pieces)
    assert response.body == b"x" * 100


@pytest.mark.parametrize("length", [b"101", b"1048577", b"9" * 5000])
async def test_body_with_a_larger_declared_length_is_refused_before_it_is_read(length: bytes) -> None:
    problem = await refused([(b"content-length", length)], body=())
    assert (problem.status, problem.code) == (413, "BODY_TOO_LARGE")
    assert tuple(problem.headers) == CLOSE


@pytest.mark.parametrize("headers", [CHUNKED, [(b"content-length", b"5")], [(b"content-length", b"-1")]])
async def test_body_with_an_undeclared_or_false_length_is_counted(headers: Headers) -> None:
    problem = await refused(headers, [b"x" * 60, b"x" * 41, b""])
    assert problem.status == 413


@pytest.mark.parametrize(
    ("headers", "pieces"), [([(b"content-length", b"51")], ()), (CHUNKED, [b"x" * 30, b"x" * 21, b"never read"])]
)
@pytest.mark.parametrize(("of_method", "limit"), [(50, 50), (None, 100), (200, 100)])
async def test_body_limit_of_the_method_applies(
    headers: Headers, pieces: Iterable[bytes], of_method: int | None, limit: int
) -> None:
    scope = posting(headers)
    endpoint = replace(FakeEndpoint(FakeMethod(policy())), body_bounds=BodyBounds(of_method, None))
    exchange_of(scope).endpoint = cast("Endpoint", endpoint)
    if limit == 50:
        with pytest.raises(Problem) as caught:
            await call(layer(reading), scope, pieces)
        assert "50 bytes" in caught.value.detail
    else:
        assert (await call(layer(reading), scope, [b"x" * 51, b""])).body == b"x" * 51


async def test_http2_body_needs_no_declared_length_and_gets_no_connection_header() -> None:
    problem = await refused([], [b"x" * 101], http_version="2")
    assert problem.status == 413
    assert tuple(problem.headers) == ()


async def test_body_that_arrives_too_slowly_is_refused() -> None:
    async def trickling() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    started = asyncio.get_running_loop().time()
    with pytest.raises(Problem) as caught:
        await layer(reading, timeout_s=0.1)(posting(CHUNKED), trickling, _nowhere)
    assert (caught.value.status, caught.value.code) == (408, "BODY_TIMEOUT")
    assert tuple(caught.value.headers) == CLOSE
    assert asyncio.get_running_loop().time() - started < 1


async def test_disconnect_of_the_client_is_awaited_without_a_timeout() -> None:
    messages: list[Message] = [{"type": "http.request", "body": b"x", "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.sleep(0.1)
        return {"type": "http.disconnect"}

    seen: list[str] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        seen.extend([(await receive())["type"], (await receive())["type"]])

    await layer(app, timeout_s=0.05)(posting(CHUNKED), receive, _nowhere)
    assert seen == ["http.request", "http.disconnect"]


async def test_request_without_a_body_keeps_its_receive_channel() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    seen: list[Receive] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        seen.append(receive)

    scope = http_scope("GET")
    exchange = exchange_in(scope)
    await layer(app)(scope, receive, _nowhere)
    assert seen == [receive]
    assert not exchange.expects_body


async def _nowhere(_message: Message) -> None:
    raise AssertionError("nothing is to be sent")
