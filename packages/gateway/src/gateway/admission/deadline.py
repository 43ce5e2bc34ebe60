"""Sets when a request is due: within its method's time in the contract, or earlier if the client says so."""

from math import inf
from time import monotonic, perf_counter

from service_kit.request.errors import Violation

from gateway.exchange import Exchange
from gateway.limits.outcome import ShedCause
from gateway.problems import Problem
from gateway.request_headers import every
from gateway.request_timeout import REQUEST_TIMEOUT, parse_request_timeout

_HEADER = REQUEST_TIMEOUT.lower().encode()


class DeadlineStep:
    """Sets the deadline that the queue, the session renewal and the calls of services keep.

    The contract's time begins here, with the body complete, so that a client that sends slowly leaves the service its
    full time. The client's own time, `Request-Timeout`, began when the request came, and can only shorten that.

    A request that runs out of the client's time is answered 408 CLIENT_TIMEOUT instead of 504: what clients choose
    says nothing about the services, and must not count against their objective.
    """

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.endpoint is None:
            return
        now = monotonic()
        due = now + exchange.endpoint.method.policy.deadline_s
        asked = every(exchange.headers, _HEADER)
        clients_due = now - (perf_counter() - exchange.started_at) + _seconds(asked) if asked else inf
        exchange.request.deadline = min(due, clients_due)
        if clients_due < due:
            exchange.on_problem = _blame_client


def _blame_client(problem: Problem) -> Problem:
    return _client_timeout() if _is_out_of_time(problem) else problem


def _is_out_of_time(problem: Problem) -> bool:
    """Returns whether a deadline has passed, or would have passed before the answer."""
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
