"""The gRPC port of a service."""

from collections.abc import Sequence
from typing import Any, Protocol

from service_kit.contract import Contract
from service_kit.grpc.errors import ErrorTable
from service_kit.grpc.limits import ServerLimits
from service_kit.grpc.server import GrpcServer
from service_kit.lifecycle import Lifecycle
from service_kit.tokens.verifier import TokenVerifier
from service_kit.tracing.request_tracer import RequestTracer


class GrpcPortSettings(Protocol):
    """The settings of a process that serves gRPC; see `GrpcServerSettings`."""

    @property
    def host(self) -> tuple[str, ...]: ...
    @property
    def port(self) -> int: ...
    @property
    def share_port(self) -> bool: ...
    @property
    def drain_notice_s(self) -> float: ...
    @property
    def grpc_limits(self) -> ServerLimits: ...


async def open_grpc_port(
    lifecycle: Lifecycle,
    settings: GrpcPortSettings,
    services: Sequence[Any],
    *,
    contract: Contract,
    verifier: TokenVerifier,
    error_table: ErrorTable,
    tracer: RequestTracer | None,
) -> None:
    """Serves ``services`` until the process ends; it drains first.

    Args:
        lifecycle: Drains and closes the server.
        settings: Where to listen, and the bounds of the server.
        services: Subclasses of the bases that betterproto2 generates.
        contract: What the services must implement, and how their calls are validated.
        verifier: Of the access tokens that calls carry.
        error_table: What the services' own exceptions mean to their callers.
        tracer: Begins the spans of calls; None: there are none.
    """
    server = GrpcServer(
        services,
        contract=contract,
        readiness=lifecycle.readiness,
        verifier=verifier,
        hosts=settings.host,
        port=settings.port,
        error_table=error_table,
        share_port=settings.share_port,
        drain_notice_s=settings.drain_notice_s,
        limits=settings.grpc_limits,
        tracer=tracer,
    )
    await lifecycle.enter("grpc", server)
    lifecycle.on_drain("grpc", server.drain)
