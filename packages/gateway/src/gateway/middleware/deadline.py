"""Until when a request is to be answered: as long as its method's contract gives it, or as the client wants to wait."""

from time import monotonic, perf_counter

from service_kit.errors import Violation
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.problems import Problem
from gateway.request_headers import every
from gateway.request_timeout import REQUEST_TIMEOUT, parse_request_timeout

_HEADER = REQUEST_TIMEOUT.lower().encode()


class DeadlineMiddleware:
    """Sets the deadline that everything further in keeps: the queue, the renewal, and the calls of services.

    The contract's time begins here, with the body complete: a client that sends slowly must not leave a service but a
    millisecond. The client's own, `Request-Timeout`, began when the request came, and can only shorten that.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            exchange = exchange_of(scope)
            if exchange.endpoint is not None:
                due = monotonic() + exchange.endpoint.method.policy.deadline_s
                asked = every(scope["headers"], _HEADER)
                if asked:
                    since_arrival_s = perf_counter() - exchange.started_at
                    due = min(due, monotonic() - since_arrival_s + _seconds(asked))
                exchange.request.deadline = due
        await self.app(scope, receive, send)


def _seconds(values: list[bytes]) -> float:
    if len(values) > 1:
        raise _invalid("header.duplicate", "must not be given twice")
    try:
        return parse_request_timeout(values[0])
    except ValueError as exc:
        raise _invalid("header.seconds", str(exc)) from exc


def _invalid(rule: str, message: str) -> Problem:
    violation = Violation(REQUEST_TIMEOUT, rule, message)
    return Problem(400, "INVALID_REQUEST", f"The request is not valid: see {REQUEST_TIMEOUT}.", violations=[violation])
