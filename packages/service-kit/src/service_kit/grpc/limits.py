"""What one server takes, at most."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """max_message_bytes: of one message, where the contract does not bound it to less.

    max_receiving_bytes: of all messages that are arriving at the same time, as far as they have come; a quarter of that
    for callers without a verified token.

    max_header_bytes: of a call's header list, each header at its length and 32 bytes (RFC 9113 section 6.5.2).
    max_headers: how many. max_streams: calls at once on one connection. max_connections: of the process;
    one address, or /64 of IPv6, has at most half of them.
    idle_connection_s: how long a connection may be without a call.
    max_calls_of_user, max_calls_of_network: calls in progress of one user, and of one network (an IPv4 address or an
    IPv6 /64) that names no user. max_waiting_calls_of_caller: calls of either that may wait for those.
    """

    max_message_bytes: int = 256 * 1024
    max_receiving_bytes: int = 16 * 1024 * 1024
    max_header_bytes: int = 16 * 1024
    max_headers: int = 100
    max_streams: int = 100
    max_connections: int = 500
    idle_connection_s: float = 300.0
    max_calls_of_user: int = 5
    max_calls_of_network: int = 3
    max_waiting_calls_of_caller: int = 100


DEFAULT_LIMITS = ServerLimits()
