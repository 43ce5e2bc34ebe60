"""Turns whatever goes wrong further in into a problem document (RFC 9457)."""

from collections.abc import Callable

from loguru import logger
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.problems import CONTENT_TYPE, Problem

_INTERNAL = "INTERNAL"


class ProblemDetailsMiddleware:
    """Answers Problem exceptions as they say, and any other exception with a 500 that tells nothing internal.

    titles: the title of a reason, for people ("Rate limited"). Cancellation passes: there is nobody to answer. So does
    what comes when half a success has gone out: only breaking the connection off can tell the client, and the server,
    which does that, tells the log as well.
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
    """Sends the problem document, and notes in the exchange what was answered."""
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
