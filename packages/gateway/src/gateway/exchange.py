"""What the gateway's layers know of one request, handed along in the ASGI scope."""

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, cast

from service_kit.request.context import RequestContext
from starlette.types import Scope

from gateway.problems import Decision, Problem

if TYPE_CHECKING:
    from gateway.limits.announced import Announcement
    from gateway.transcoding.endpoint import Endpoint

_KEY = "headrace.exchange"


@dataclass(slots=True)
class Exchange:
    """One request and what becomes of its response.

    request: what is forwarded to the services and seen by the logs.
    endpoint, path_parameters: the contract's method that the path leads to; None for the gateway's own pages.
    page: the path prefix of the gateway's own page; None for endpoints.
    expects_body, body: whether a body may come with the request, and the one that came; where none can, nobody needs
        to wait for its end.
    refusal: why the credentials presented name no principal; the answer, unless a session is renewed instead.
    rate_key: the bucket of the rate limit that was drawn on last; None while none was.
    is_admitted: a quota has admitted the request.
    code, decision: the reason of the problem that was answered, and the policy's decision behind it, for metrics
        and the access log; None for a success.
    response_headers: sent with the response, whatever it turns out to be; names in lower case.
    secret: the response carries a secret: never compress or store it.
    status, response_bytes: what has gone out; None while no response has started.
    announcement: the lane was told that the request comes; None while it was not.
    started_at: when the request came, on the clock of time.perf_counter(), in seconds.
    """

    request: RequestContext
    endpoint: "Endpoint | None" = None
    page: str | None = None
    path_parameters: dict[str, str] = field(default_factory=dict)
    expects_body: bool = True
    body: bytes | bytearray = b""
    refusal: Problem | None = None
    rate_key: str | None = None
    is_admitted: bool = False
    code: str | None = None
    decision: Decision | None = None
    response_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    secret: bool = False
    status: int | None = None
    response_bytes: int = 0
    announcement: "Announcement | None" = None
    started_at: float = field(default_factory=perf_counter)

    @property
    def route(self) -> str:
        """The path template, or a page's prefix, for metrics' labels; "-" where the path leads nowhere."""
        return self.endpoint.path if self.endpoint is not None else self.page or "-"


def open_exchange(scope: Scope, request: RequestContext) -> Exchange:
    """Start the exchange of a request; done once, by the outermost layer."""
    exchange = Exchange(request)
    scope[_KEY] = exchange
    return exchange


def exchange_of(scope: Scope) -> Exchange:
    """The exchange that the outermost layer started."""
    return cast("Exchange", scope[_KEY])
