"""Turns errors into problem documents (RFC 9457)."""

from collections.abc import Callable

from loguru import logger
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.problems import CONTENT_TYPE, Problem

_INTERNAL = "INTERNAL"


class ProblemDetailsMiddleware:
    """Answers Problem exceptions as they say, and any other exception by a 500 without internal details.

    Cancellation is passed on: the client has disconnected. So are errors after the response has started: the server
    aborts the connection, which is the only way to inform the client, and logs the error.

    Args:
        titles: returns the title of a reason ("Rate limited").
    """

    def __init__(self, app: ASGIApp, titles: Callable[[str], str]) -> None:
        self.app = app
        self._titles = titles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Problem as problem:
            exchange = exchange_of(scope)
            if exchange.status is not None:
                raise
            await answer_problem(problem, self._titles, scope, send)
        except Exception:
            exchange = exchange_of(scope)
            if exchange.status is not None:
                raise
            logger.exception("unexpected error")
            await answer_problem(Problem(500, _INTERNAL), self._titles, scope, send)


async def answer_problem(problem: Problem, titles: Callable[[str], str], scope: Scope, send: Send) -> None:
    """Sends the problem document, and records its code and decision in the exchange."""
    exchange = exchange_of(scope)
    exchange.code = problem.code
    exchange.decision = problem.decision
    body = problem.body(titles(problem.code), exchange.request.request_id)
    await send(
        {
            "type": "http.response.start",
            "status": problem.status,
            "headers": [
                (b"content-type", CONTENT_TYPE),
                (b"content-length", b"%d" % len(body)),
                (b"cache-control", b"no-store"),
                *problem.response_headers(),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
