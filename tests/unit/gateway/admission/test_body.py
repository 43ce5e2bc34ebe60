"""The body is complete before anything further in runs."""

from collections.abc import Iterable

import pytest
from gateway.admission.body import BodyStep
from gateway.exchange import exchange_of
from gateway.limits.byte_budget import ByteBudget
from gateway.problems import Decision, Problem
from service_kit.request.clients import Client
from starlette.types import Message, Receive, Scope, Send

from tests.unit.gateway.asgi import admitting, exchange_in, http_scope, principal

MIB = 1024 * 1024
ME = Client("user:user-1", is_identified=True)


def _receiving(events: Iterable[Message]) -> Receive:
    left = iter(events)

    async def receive() -> Message:
        return next(left)

    return receive


async def _body_of(events: Iterable[Message], *, expects_body: bool = True, memory: ByteBudget | None = None) -> bytes:
    scope = http_scope("POST")
    exchange_in(scope, principal=principal()).expects_body = expects_body
    seen: list[bytes] = []

    async def app(inner: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(bytes(exchange_of(inner).body))

    async def send(_message: Message) -> None:
        raise AssertionError("nothing is to be sent")

    await admitting(BodyStep(memory or ByteBudget(100)), endpoint=app)(scope, _receiving(events), send)
    (body,) = seen
    return body


async def test_body_is_joined_from_its_pieces() -> None:
    pieces = [b"a", b"", b"bc"]
    events: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": i < 2} for i, piece in enumerate(pieces)
    ]
    assert await _body_of(events) == b"abc"


async def test_body_is_not_awaited_when_none_can_arrive() -> None:
    assert await _body_of([], expects_body=False) == b""


async def test_disconnect_of_the_client_ends_the_request() -> None:
    events: list[Message] = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]
    with pytest.raises(Problem) as left:
        await _body_of(events)
    assert left.value.status == 499


def _pieces(*sizes: int) -> list[Message]:
    last = len(sizes) - 1
    return [{"type": "http.request", "body": bytes(size), "more_body": i < last} for i, size in enumerate(sizes)]


async def test_bodies_share_memory_until_their_requests_are_answered() -> None:
    memory = ByteBudget(8 * MIB)
    assert memory.take(MIB - 10, ME) is None
    with pytest.raises(Problem) as refused:
        await _body_of(_pieces(8, 3), memory=memory)
    assert (refused.value.status, refused.value.code) == (503, "OVERLOADED")
    assert refused.value.decision == Decision("body_memory", "client_share", limit=MIB, retry_after_s=1)

    assert len(await _body_of(_pieces(8, 2), memory=memory)) == 10
    memory.release(MIB - 10, ME)
    assert memory.take(MIB, ME) is None


async def test_memory_is_released_when_the_client_disconnects() -> None:
    memory = ByteBudget(8 * MIB)
    with pytest.raises(Problem):
        await _body_of([*_pieces(50, 0)[:1], {"type": "http.disconnect"}], memory=memory)
    assert memory.take(MIB, ME) is None
