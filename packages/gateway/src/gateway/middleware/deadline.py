"""When a request is due to be answered: within its method's time in the contract, or earlier if the client says so."""

from math import inf
from time import monotonic, perf_counter

from service_kit.request.errors import Violation
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.exchange import exchange_of
from gateway.limits.turn import ShedCause
from gateway.problems import Problem
from gateway.request_headers import every
from gateway.request_timeout import REQUEST_TIMEOUT, parse_request_timeout

_HEADER = REQUEST_TIMEOUT.lower().encode()


class DeadlineMiddleware:
    """Sets the deadline that everything further in keeps: the queue, the renewal, and the calls of services.

    The contract's time begins here, with the body complete: a client that sends slowly must not leave a service but a
    millisecond. The client's own, `Request-Timeout`, began when the request came, and can only shorten that.

    A request that runs out of the time that its client chose is 408 CLIENT_TIMEOUT, where the contract's is 504: what
    clients choose says nothing about the services, and must not count against their objective.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope) if scope["type"] == "http" else None
        if exchange is None or exchange.endpoint is None:
            await self.app(scope, receive, send)
            return
        now = monotonic()
        due = now + exchange.endpoint.method.policy.deadline_s
        asked = every(scope["headers"], _HEADER)
        clients_due = now - (perf_counter() - exchange.started_at) + _seconds(asked) if asked else inf
        exchange.request.deadline = min(due, clients_due)
        try:
            await self.app(scope, receive, send)
        except Problem as problem:
            if clients_due < due and _is_for_want_of_time(problem):
                raise _client_timeout() from problem
            raise


def _is_for_want_of_time(problem: Problem) -> bool:
    """Whether a deadline has passed, or would have passed before the answer."""
    if problem.code == "DEADLINE_EXCEEDED":
        return True
    return problem.decision is not None and problem.decision.state == ShedCause.DEADLINE.value


def _client_timeout() -> Problem:
    detail = (
        f"There was no answer within the {REQUEST_TIMEOUT} of the request. What it asks for may be done nevertheless."
    )
    return Problem(408, "CLIENT_TIMEOUT", detail)


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
