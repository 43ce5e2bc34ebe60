"""The body is complete before anything further in runs."""

from collections.abc import Iterable

import pytest
from gateway.exchange import exchange_of
from gateway.middleware.body import BodyMiddleware
from gateway.problems import Problem
from starlette.types import Message, Receive, Scope, Send

from tests.unit.gateway.asgi import exchange_in, http_scope, passes_lifespan_through


def _receiving(events: Iterable[Message]) -> Receive:
    left = iter(events)

    async def receive() -> Message:
        return next(left)

    return receive


async def _body_of(events: Iterable[Message], *, expects_body: bool = True) -> bytes:
    scope = http_scope("POST")
    exchange_in(scope).expects_body = expects_body
    seen: list[bytes] = []

    async def app(inner: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(exchange_of(inner).body)

    async def send(_message: Message) -> None:
        raise AssertionError("nothing is to be sent")

    await BodyMiddleware(app)(scope, _receiving(events), send)
    (body,) = seen
    return body


async def test_other_scopes_pass() -> None:
    assert await passes_lifespan_through(BodyMiddleware)


async def test_the_pieces_are_put_together() -> None:
    pieces = [b"a", b"", b"bc"]
    events: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": i < 2} for i, piece in enumerate(pieces)
    ]
    assert await _body_of(events) == b"abc"


async def test_where_no_body_can_come_none_is_waited_for() -> None:
    assert await _body_of([], expects_body=False) == b""


async def test_a_client_that_leaves_ends_the_request() -> None:
    events: list[Message] = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]
    with pytest.raises(Problem) as left:
        await _body_of(events)
    assert left.value.status == 499
