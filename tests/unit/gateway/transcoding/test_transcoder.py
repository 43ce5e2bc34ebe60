"""The transcoder between the layers and the upstream."""

import time
from dataclasses import dataclass
from typing import Any, cast

from gateway.sessions.cookie import SessionCookie
from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.transcoder import Transcoder
from gateway.upstream.upstream import Upstream
from service_kit.context import RequestContext
from service_kit.contract import Method
from starlette.types import Message

from tests.examples.contracts import headrace_contract
from tests.unit.gateway.asgi import exchange_in, http_scope

BODY = b'{"currency":"EUR","lines":[{"sku":"a","quantity":1,"unit_price_minor":1}]}'


@dataclass
class RecordingUpstream:
    """Answers at once, and remembers how much time the call was given."""

    left_s: float | None = None

    async def call(self, method: Method, _message: Any, request: RequestContext) -> Any:
        assert request.deadline is not None
        self.left_s = request.deadline - time.monotonic()
        return method.response_class()


async def test_the_deadline_begins_with_the_call() -> None:
    upstream = RecordingUpstream()
    (endpoint,) = [e for e in endpoints_of(headrace_contract()) if e.path == "/api/orders/add"]
    scope = http_scope("POST", headers=[(b"content-type", b"application/json")])
    exchange = exchange_in(scope)
    exchange.endpoint, exchange.body = endpoint, BODY
    exchange.request.deadline = time.monotonic() + 0.001

    async def receive() -> Message:
        raise AssertionError("the body is in the exchange")

    async def send(_message: Message) -> None:
        pass

    upstreams = {endpoint.method.upstream: cast("Upstream", upstream)}
    await Transcoder(upstreams, SessionCookie(secure=False), {})(scope, receive, send)

    # Or a client could hold its body back until the service has a millisecond left, and so open the breaker for all.
    assert upstream.left_s is not None
    assert upstream.left_s > endpoint.method.policy.deadline_s - 0.1
