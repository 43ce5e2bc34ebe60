"""The settings of every process with a gRPC server."""

from dataclasses import dataclass

from service_kit.grpc.limits import DEFAULT_LIMITS, ServerLimits
from service_kit.settings import setting


@dataclass(frozen=True)
class GrpcServerSettings:
    """The settings of a gRPC server; those of a process inherit from it."""

    share_port: bool = setting(
        doc="whether several processes listen on the gRPC port; while one drains, the others get the new connections",
        default=False,
    )
    grpc_max_message_bytes: int = setting(
        doc="largest message; most methods accept less, as the contract bounds them",
        unit="bytes",
        default=DEFAULT_LIMITS.max_message_bytes,
        minimum=1024,
    )
    grpc_max_receiving_bytes: int = setting(
        doc="most of all messages that are arriving; a quarter of it for callers without a verified token",
        unit="bytes",
        default=DEFAULT_LIMITS.max_receiving_bytes,
        minimum=1024,
    )
    grpc_max_header_bytes: int = setting(
        doc="largest header list of a call", unit="bytes", default=DEFAULT_LIMITS.max_header_bytes, minimum=1024
    )
    grpc_max_headers: int = setting(doc="most headers of a call", default=DEFAULT_LIMITS.max_headers, minimum=16)
    grpc_max_streams: int = setting(
        doc="calls at once on one connection", default=DEFAULT_LIMITS.max_streams, minimum=1, maximum=100000
    )
    grpc_max_connections: int = setting(
        doc="connections of clients; half of them of one address, or one /64 of IPv6",
        default=DEFAULT_LIMITS.max_connections,
        minimum=1,
        maximum=100000,
    )
    grpc_idle_connection_s: float = setting(
        doc="how long a connection may have no call", unit="s", default=DEFAULT_LIMITS.idle_connection_s, minimum=1
    )
    grpc_max_calls_of_user: int = setting(
        doc="calls in progress of one user; half of the database pool leaves room for other users",
        default=DEFAULT_LIMITS.max_calls_of_user,
        minimum=1,
    )
    grpc_max_calls_of_network: int = setting(
        doc="calls in progress of one address, or /64 of IPv6, without a user",
        default=DEFAULT_LIMITS.max_calls_of_network,
        minimum=1,
    )
    grpc_max_waiting_calls_of_caller: int = setting(
        doc="further calls of one user or address that wait for those in progress",
        default=DEFAULT_LIMITS.max_waiting_calls_of_caller,
        minimum=0,
    )
    drain_s: float = setting(
        doc="how long calls in progress may take after SIGTERM", unit="s", default=10.0, minimum=0, maximum=600
    )
    drain_notice_s: float = setting(
        doc="how long after SIGTERM new calls are still accepted, so that clients can move to other servers",
        unit="s",
        default=0.3,
        minimum=0,
        maximum=60,
    )

    @property
    def grpc_limits(self) -> ServerLimits:
        """Returns the limits among these settings."""
        return ServerLimits(
            max_message_bytes=self.grpc_max_message_bytes,
            max_receiving_bytes=self.grpc_max_receiving_bytes,
            max_header_bytes=self.grpc_max_header_bytes,
            max_headers=self.grpc_max_headers,
            max_streams=self.grpc_max_streams,
            max_connections=self.grpc_max_connections,
            idle_connection_s=self.grpc_idle_connection_s,
            max_calls_of_user=self.grpc_max_calls_of_user,
            max_calls_of_network=self.grpc_max_calls_of_network,
            max_waiting_calls_of_caller=self.grpc_max_waiting_calls_of_caller,
        )
