"""What no client may exceed, and no crowd of them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much, how many and how long; all of it comes from the settings.

    max_header_bytes: beyond twice this, a request's header fields are not even read; the application may refuse
        less. header_timeout_s: from a request's first byte, or from the opening of a connection, to the end of its
        header fields. request_timeout_s: from there to the last byte of its response.
    keep_alive_timeout_s: how long a connection may lie idle. send_timeout_s: how long a client may leave unread what
        is ready for it.
    max_connections: of this process. max_connections_per_client: of one address, or one /64 of IPv6.
    max_requests_per_connection: then the client is asked for a new connection.
    http2_max_streams: requests at once on a connection. http2_max_resets, http2_max_control_frames: requests that are
        called off, and frames that carry nothing of a request, on one connection within 10 seconds.
    """

    max_header_bytes: int
    header_timeout_s: float
    request_timeout_s: float
    keep_alive_timeout_s: float
    send_timeout_s: float
    max_connections: int
    max_connections_per_client: int
    max_requests_per_connection: int
    http2_max_streams: int
    http2_max_resets: int
    http2_max_control_frames: int
