"""What travels beside the messages between our processes, as gRPC metadata."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import quote, unquote

from service_kit.request.context import RequestContext
from service_kit.request.request_id import keep_or_mint
from service_kit.telemetry.trace_context import continue_trace

AUTHORIZATION = "authorization"
REQUEST_ID = "x-request-id"
TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
CLIENT_ADDRESS = "x-client-address"
USER_AGENT = "x-client-user-agent"
SESSION_KEY = "x-session-key"

_BEARER = "Bearer "
#: It is for people to recognise a browser by. What REST takes as a header can be three times as long over here.
_AGENT_MAX = 512
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def outgoing(request: RequestContext) -> dict[str, str]:
    """The metadata that tells the next process of ``request``."""
    metadata = {REQUEST_ID: request.request_id, TRACEPARENT: request.trace.traceparent}
    if request.trace.state:
        metadata[TRACESTATE] = request.trace.state
    if request.client_address:
        metadata[CLIENT_ADDRESS] = request.client_address
    if request.user_agent:
        metadata[USER_AGENT] = quote(request.user_agent[:_AGENT_MAX], safe=_PRINTABLE)
    if request.access_token is not None:
        metadata[AUTHORIZATION] = _BEARER + request.access_token
    if request.session_key is not None:
        metadata[SESSION_KEY] = request.session_key
    return metadata


def incoming(metadata: Mapping[str, str | bytes], deadline: float | None = None) -> RequestContext:
    """The request that another process tells of; the principal is still to be verified.

    deadline: when the answer is due, on the clock of time.monotonic().
    """
    return RequestContext(
        request_id=keep_or_mint(_text(metadata, REQUEST_ID)),
        trace=continue_trace(_text(metadata, TRACEPARENT), _text(metadata, TRACESTATE)),
        client_address=_address(_text(metadata, CLIENT_ADDRESS)),
        user_agent=unquote(_text(metadata, USER_AGENT) or ""),
        deadline=deadline,
        session_key=_text(metadata, SESSION_KEY),
    )


def bearer_token(metadata: Mapping[str, str | bytes]) -> str | None:
    """The access token of a call; None: it came without one."""
    # RFC 9110 section 5.3: several entries of one name are one list. As a list is no token, none of them is believed.
    values = (value for name, value in metadata.items() if name == AUTHORIZATION and isinstance(value, str))
    listed = ", ".join(values)
    # RFC 9110 section 11.1: schemes are compared regardless of case.
    scheme, _, token = listed.partition(" ")
    return token.lstrip(" ") if scheme.lower() == "bearer" and token else None


@lru_cache(maxsize=8192)
def _address(text: str | None) -> str:
    """Returns ``text`` where it is an IP address without a zone; else "": no store should have to take it."""
    try:
        ip_address(text or "")
    except ValueError:
        return ""
    return text if text and "%" not in text else ""


def _text(metadata: Mapping[str, str | bytes], name: str) -> str | None:
    value = metadata.get(name)
    return value if isinstance(value, str) else None
