"""The context of a request as gRPC metadata between the services of the platform."""

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
#: It lets users recognise a browser. Percent-encoded, it can be three times as long.
_AGENT_MAX = 512
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")


def outgoing(request: RequestContext) -> dict[str, str]:
    """Returns the metadata that forwards ``request`` to another service."""
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
    """Returns the request that another process has forwarded; the principal is not verified yet.

    Args:
        metadata: Of the call.
        deadline: On the clock of time.monotonic().
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
    """Returns the access token of a call; None if it has none."""
    # Several entries of one name are one list (RFC 9110, 5.3). A list is no token, so none of them is accepted.
    values = (value for name, value in metadata.items() if name == AUTHORIZATION and isinstance(value, str))
    listed = ", ".join(values)
    # Schemes are case-insensitive (RFC 9110, 11.1).
    scheme, _, token = listed.partition(" ")
    return token.lstrip(" ") if scheme.lower() == "bearer" and token else None


@lru_cache(maxsize=8192)
def _address(text: str | None) -> str:
    """Returns ``text`` if it is an IP address without a zone; else "", so that no store gets it."""
    try:
        ip_address(text or "")
    except ValueError:
        return ""
    return text if text and "%" not in text else ""


def _text(metadata: Mapping[str, str | bytes], name: str) -> str | None:
    value = metadata.get(name)
    return value if isinstance(value, str) else None
