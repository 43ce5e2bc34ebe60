"""The bounds on what clients may use, each of them and all together."""

from dataclasses import dataclass

from gateway.request_limits import RequestLimits


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The sizes, numbers and durations that the server enforces; all of them come from the settings."""

    # Of a request's head. The application rejects more. The server does not read a longer target, nor more than twice
    # the header fields.
    max_target_bytes: int
    max_headers: int
    max_header_bytes: int

    # From a request's first byte, or from the opening of a connection, to the end of its header fields.
    header_timeout_s: float
    # From the end of the header fields to the last byte of the response.
    request_timeout_s: float
    # How long a connection may be idle.
    keep_alive_timeout_s: float
    # Write timeout: how long a client may not read pending output.
    send_timeout_s: float
    # Of responses that clients have not read, of this process; one client may hold an eighth of it.
    max_unsent_bytes: int

    # Of this process.
    max_connections: int
    # Of one IPv4 address, or one /64 of IPv6.
    max_connections_per_client: int
    # After so many requests, the server asks the client for a new connection.
    max_requests_per_connection: int

    # Concurrent requests on one connection.
    http2_max_streams: int
    # Per connection and 10 s: cancelled requests, and frames that belong to no request.
    http2_max_resets: int
    http2_max_control_frames: int

    @property
    def request_limits(self) -> RequestLimits:
        """The limits on a request's head."""
        return RequestLimits(
            max_target_bytes=self.max_target_bytes,
            max_headers=self.max_headers,
            max_header_bytes=self.max_header_bytes,
        )
