"""The limits of a gRPC server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What clients of one server may use, each of them and all together."""

    # Of one message, where the contract does not bound it to less.
    max_message_bytes: int = 256 * 1024
    # Of all messages that are arriving, as far as they have arrived; a quarter of it for callers without a verified
    # token.
    max_receiving_bytes: int = 16 * 1024 * 1024
    # Of a call's header list, each header at its length and 32 bytes (RFC 9113, 6.5.2).
    max_header_bytes: int = 16 * 1024
    max_headers: int = 100
    # Concurrent calls on one connection.
    max_streams: int = 100
    # Of the process; one IPv4 address, or /64 of IPv6, has at most half of them.
    max_connections: int = 500
    # How long a connection may have no call.
    idle_connection_s: float = 300.0
    # Calls in progress of one user, and of one network (an IPv4 address or a /64 of IPv6) without a user.
    max_calls_of_user: int = 5
    max_calls_of_network: int = 3
    # Further calls of either that may wait for those.
    max_waiting_calls_of_caller: int = 100


DEFAULT_LIMITS = ServerLimits()
