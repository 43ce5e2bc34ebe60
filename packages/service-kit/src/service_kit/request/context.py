"""The context of the request that the current task works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass

from service_kit.request.principal import Principal
from service_kit.telemetry.trace_context import TraceContext
from service_kit.tracing.recorded_span import RecordedSpan


@dataclass(slots=True)
class RequestContext:
    """One request, for all layers and log lines.

    client_address: of the REST client, as the gateway determined it; empty if unknown.
    user_agent: of the REST client; empty if unknown.
    deadline: on the clock of time.monotonic(), in seconds; None: no deadline.
    principal: the authenticated caller; None for an anonymous request.
    access_token: the verified token, to be forwarded; None if there is none.
    session_key: the one that the client presented to a method that issues a new one; None otherwise.
    route, rpc: the path template and the full name of the method, for profiles; empty until known.
    span: of the request, if it is sampled, as the parent of further spans; nearly always None.
    """

    request_id: str
    trace: TraceContext
    client_address: str = ""
    user_agent: str = ""
    deadline: float | None = None
    principal: Principal | None = None
    access_token: str | None = None
    session_key: str | None = None
    route: str = ""
    rpc: str = ""
    span: RecordedSpan | None = None


_current: ContextVar[RequestContext | None] = ContextVar("headrace_request", default=None)


def current_request() -> RequestContext | None:
    """Returns the request that the current task works on, None outside of any request."""
    return _current.get()


def request_in(context: Context) -> RequestContext | None:
    """Returns the current request of ``context``, None outside of any request."""
    return context.get(_current)


def require_principal() -> Principal:
    """Returns the principal of the current request.

    Raises:
        LookupError: The request is anonymous, which the contract permits for this method: the caller has a bug.
    """
    request = _current.get()
    if request is None or request.principal is None:
        raise LookupError("no principal: the contract lets this method be called without one")
    return request.principal


def enter_request(request: RequestContext) -> None:
    """Makes ``request`` the current one, for the current task and those that it starts."""
    _current.set(request)


@contextmanager
def within_request(request: RequestContext) -> Iterator[None]:
    """Makes ``request`` the current one inside the `with`."""
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)
