"""WebSockets are declined as what they begin as: GET requests."""

from gateway.middleware.no_websocket import NoWebSocketMiddleware
from starlette.types import Message, Receive, Scope, Send

from tests.unit.gateway.asgi import answering, call, http_scope, passes_lifespan_through


async def test_a_handshake_is_a_get_request_without_a_body() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        assert await receive() == {"type": "http.request", "body": b"", "more_body": False}
        await answering(b"no", status=404)(scope, receive, send)

    scope = http_scope(path="/x", type="websocket", scheme="wss")
    del scope["method"]
    response = await call(NoWebSocketMiddleware(app), scope)

    assert (seen[0]["type"], seen[0]["method"], seen[0]["scheme"], seen[0]["path"]) == ("http", "GET", "https", "/x")
    assert _types(response.messages) == ["websocket.http.response.start", "websocket.http.response.body"]
    assert (response.status, response.body) == (404, b"no")


async def test_requests_pass() -> None:
    response = await call(NoWebSocketMiddleware(answering()), http_scope())

    assert _types(response.messages) == ["http.response.start", "http.response.body"]
    assert await passes_lifespan_through(NoWebSocketMiddleware)


def _types(messages: list[Message]) -> list[str]:
    return [message["type"] for message in messages]
