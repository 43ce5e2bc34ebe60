"""What is known of the request that the current task works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass

from service_kit.request.principal import Principal
from service_kit.telemetry.trace_context import TraceContext
from service_kit.tracing.recording import Recording


@dataclass(slots=True)
class RequestContext:
    """One request, as every layer and every log line may see it.

    client_address: the address of the REST client, as the gateway found it; empty when unknown.
    user_agent: the REST client's User-Agent; empty when unknown.
    deadline: when the answer is due, on the clock of time.monotonic(), in seconds; None: no deadline.
    principal: who is calling; None where nobody had to say so.
    access_token: the verified token as it came, to be forwarded; None where there is none.
    session_key: the session key that the client presented where a method issues a new one; None otherwise.
    route, rpc: the path template and the full name of the method that it leads to, for profiles; empty until known.
    span: what is recorded of the request, for the steps that it takes to join in; None: nothing is, as nearly always.
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
    span: Recording | None = None


_current: ContextVar[RequestContext | None] = ContextVar("headrace_request", default=None)


def current_request() -> RequestContext | None:
    """The request that the current task works on; None outside of any."""
    return _current.get()


def request_in(context: Context) -> RequestContext | None:
    """The request that is the current one in ``context``; None outside of any."""
    return context.get(_current)


def require_principal() -> Principal:
    """The principal of the current request.

    LookupError: the method lets anybody in, so asking is a bug of ours, not the client's fault.
    """
    request = _current.get()
    if request is None or request.principal is None:
        raise LookupError("no principal: the contract lets this method be called without one")
    return request.principal


def enter_request(request: RequestContext) -> None:
    """Make ``request`` the current one, for the current task and those that it starts."""
    _current.set(request)


@contextmanager
def within_request(request: RequestContext) -> Iterator[None]:
    """Make ``request`` the current one for as long as the context lasts."""
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)
