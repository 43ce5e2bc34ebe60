"""What no client may exceed, and no crowd of them."""

from dataclasses import dataclass

from gateway.request_limits import RequestLimits


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much, how many and how long; all of it comes from the settings.

    max_target_bytes, max_headers, max_header_bytes: of a request's head. The application refuses more; of a longer
        target, or beyond twice the header fields, nothing is even read.
    header_timeout_s: from a request's first byte, or from the opening of a connection, to the end of its header
        fields. request_timeout_s: from there to the last byte of its response.
    keep_alive_timeout_s: how long a connection may lie idle. send_timeout_s: how long a client may leave unread what
        is ready for it.
    max_unsent_bytes: of responses that clients have not read, of this process; one client has an eighth of it.
    max_connections: of this process. max_connections_per_client: of one address, or one /64 of IPv6.
    max_requests_per_connection: then the client is asked for a new connection.
    http2_max_streams: requests at once on a connection. http2_max_resets, http2_max_control_frames: requests that are
        called off, and frames that carry nothing of a request, on one connection within 10 seconds.
    """

    max_target_bytes: int
    max_headers: int
    max_header_bytes: int
    header_timeout_s: float
    request_timeout_s: float
    keep_alive_timeout_s: float
    send_timeout_s: float
    max_unsent_bytes: int
    max_connections: int
    max_connections_per_client: int
    max_requests_per_connection: int
    http2_max_streams: int
    http2_max_resets: int
    http2_max_control_frames: int

    @property
    def request_limits(self) -> RequestLimits:
        """What a request's head is measured by."""
        return RequestLimits(
            max_target_bytes=self.max_target_bytes,
            max_headers=self.max_headers,
            max_header_bytes=self.max_header_bytes,
        )
