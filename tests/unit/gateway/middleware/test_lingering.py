import asyncio

import pytest
from gateway.middleware import lingering
from gateway.middleware.lingering import LingeringMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.unit.gateway.asgi import Headers, answering, call, http_scope, passes_lifespan_through

WITH_BODY = [(b"content-length", b"9")]
END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


def scope_with(headers: Headers, http_version: str = "1.1") -> Scope:
    return http_scope("POST", headers=headers, http_version=http_version)


class Client:
    """Sends `pieces` of a body, then nothing more; remembers in which order it heard and was heard."""

    def __init__(self, pieces: int, *, finishes: bool = True) -> None:
        self._left = pieces
        self._finishes = finishes
        self.events: list[str] = []

    async def receive(self) -> Message:
        if self._left == 0:
            await asyncio.Event().wait()
        self._left -= 1
        self.events.append("read")
        return {"type": "http.request", "body": b"xyz", "more_body": self._left > 0 or not self._finishes}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.events.append("sent" if message.get("more_body") else "ended")


async def test_other_scopes_pass() -> None:
    assert await passes_lifespan_through(LingeringMiddleware)


@pytest.mark.parametrize("headers", [WITH_BODY, [(b"transfer-encoding", b"chunked")]])
async def test_the_answer_goes_out_first_and_ends_after_the_body(headers: Headers) -> None:
    client = Client(3)
    await LingeringMiddleware(answering(b"no"))(scope_with(headers), client.receive, client.send)
    assert client.events == ["sent", "read", "read", "read", "ended"]


async def test_a_body_that_was_read_is_not_waited_for() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        await answering()(scope, receive, send)

    client = Client(3)
    await LingeringMiddleware(app)(scope_with(WITH_BODY), client.receive, client.send)
    assert client.events == ["read", "read", "read", "ended"]


@pytest.mark.parametrize(
    ("headers", "http_version"), [([], "1.1"), ([(b"content-length", b"0")], "1.1"), (WITH_BODY, "2")]
)
async def test_where_there_is_nothing_to_wait_for_nothing_is_touched(headers: Headers, http_version: str) -> None:
    scope = scope_with(headers, http_version)
    seen: list[object] = []

    def remembering(app: ASGIApp) -> ASGIApp:
        async def layer(scope: Scope, receive: Receive, send: Send) -> None:
            seen.extend([receive, send])
            await app(scope, receive, send)

        return layer

    client = Client(0)
    await LingeringMiddleware(remembering(answering()))(scope, client.receive, client.send)
    assert seen == [client.receive, client.send]


async def test_whoever_goes_silent_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "_MAX_PAUSE_S", 0.02)
    client = Client(1, finishes=False)
    await LingeringMiddleware(answering())(scope_with(WITH_BODY), client.receive, client.send)
    assert client.events == ["sent", "read", "ended"]


async def test_whoever_never_stops_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "_MAX_BYTES", 30)
    client = Client(1000)
    await LingeringMiddleware(answering())(scope_with(WITH_BODY), client.receive, client.send)
    assert client.events.count("read") == 10


async def test_a_client_that_left_ends_the_wait() -> None:
    response = await call(LingeringMiddleware(answering(b"no")), scope_with(WITH_BODY), body=())
    assert response.messages[-1] == END
    assert response.body == b"no"
