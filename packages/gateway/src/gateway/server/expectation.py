"""`Expect: 100-continue` (RFC 9110, 10.1.1): the client sends its body once it hears that the body is wanted."""

from collections.abc import Callable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import Problem
from gateway.request_headers import every
from gateway.server.refusals import Refusal
from gateway.server.telemetry import Cause

_CONTINUE = b"100-continue"


def check_expectations(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Refusal: the request expects something that no server here does."""
    for value in every(headers, b"expect"):
        if any(item.strip().lower() not in {_CONTINUE, b""} for item in value.split(b",")):
            detail = "The only expectation that can be met is 100-continue."
            raise Refusal(Cause.EXPECTATION, Problem(417, "EXPECTATION_FAILED", detail))


def asking_for_body(app: ASGIApp, ask: Callable[[], None]) -> ASGIApp:
    """``app``, with a call of ``ask`` each time that it waits for the body or the client's leaving."""

    async def asking(scope: Scope, receive: Receive, send: Send) -> None:
        async def ask_and_receive() -> Message:
            ask()
            return await receive()

        await app(scope, ask_and_receive, send)

    return asking
