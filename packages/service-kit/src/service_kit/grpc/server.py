"""The gRPC server of a service: guarded handlers, health, reflection, and an orderly end."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from loguru import logger

from service_kit.contract import Contract
from service_kit.grpc.bounded_server import BoundedServer, BoundedService
from service_kit.grpc.caller_limiter import CallerLimiter
from service_kit.grpc.codec import ContractCodec
from service_kit.grpc.completeness import CompletenessCheck
from service_kit.grpc.errors import ErrorTable
from service_kit.grpc.handlers import AcceptGate, GuardedService
from service_kit.grpc.health import HealthService
from service_kit.grpc.limits import DEFAULT_LIMITS, ServerLimits
from service_kit.grpc.open_connections import OpenConnections
from service_kit.grpc.platform_service import PlatformServices
from service_kit.grpc.telemetry import CallTelemetry
from service_kit.lifecycle.readiness import Readiness
from service_kit.tokens.verifier import TokenVerifier
from service_kit.tracing.request_tracer import RequestTracer
from service_kit.validation import Validator

#: How long the last responses may take, then refusals of late calls, then clients to close their connections.
_LAST_RESPONSES_S = 0.2
_LAST_REFUSALS_S = 0.1
_GOAWAY_S = 0.25


class GrpcServer:
    """Serves ``services`` on each of ``hosts`` while the context is entered.

    Args:
        services: Subclasses of betterproto2 bases.
        contract: Has their methods.
        verifier: Of access tokens.
        hosts: The addresses to listen on.
        port: The port to listen on.
        error_table: The exceptions of the services.
        share_port: Whether several processes listen on the port (SO_REUSEPORT); the kernel distributes connections.
        drain_notice_s: See `drain`.
        limits: What clients may use.
        tracer: Begins the spans of calls; None: traces are off.
        readiness: Of the process, which is not ready while it lacks a method that the contract assigns to it.

    Attributes:
        gate: Is closed when the server drains.
    """

    def __init__(
        self,
        services: Sequence[Any],
        *,
        contract: Contract,
        verifier: TokenVerifier,
        hosts: tuple[str, ...],
        port: int,
        error_table: ErrorTable,
        share_port: bool = False,
        drain_notice_s: float = 0.3,
        limits: ServerLimits = DEFAULT_LIMITS,
        tracer: RequestTracer | None = None,
        readiness: Readiness | None = None,
    ) -> None:
        self._hosts, self._port, self._share_port = hosts, port, share_port
        self._drain_notice_s = drain_notice_s
        if readiness is not None:
            readiness.add("contract", CompletenessCheck(services, contract))
        self._telemetry = CallTelemetry()
        self.gate = AcceptGate()
        self._connections = OpenConnections(limits.max_connections)
        limiter = CallerLimiter(
            identified=limits.max_calls_of_user,
            unidentified=limits.max_calls_of_network,
            waiting=limits.max_waiting_calls_of_caller,
        )
        codec = ContractCodec(Validator(contract))
        guarded = [
            GuardedService(
                service,
                contract=contract,
                codec=codec,
                max_message_bytes=limits.max_message_bytes,
                verifier=verifier,
                error_table=error_table,
                gate=self.gate,
                limiter=limiter,
                telemetry=self._telemetry,
                tracer=tracer,
            )
            for service in services
        ]
        self._health = HealthService([path.split("/")[1] for service in guarded for path in service.__mapping__()])
        every: list[BoundedService] = [*guarded, PlatformServices(self._health, contract, guarded)]
        self._server = BoundedServer(every, codec, limits, self._connections)

    async def __aenter__(self) -> "GrpcServer":
        await self._server.listen(self._hosts, self._port, share_port=self._share_port)
        self._health.set(serving=True)
        logger.bind(host=",".join(self._hosts), port=self._port).info("gRPC server listening")
        return self

    async def drain(self, seconds: float) -> None:
        """Sends clients to other servers, and waits for the calls in progress, at most ``seconds``.

        First grpc.health.v1 reports NOT_SERVING, and calls are still accepted for drain_notice_s, unless no client is
        connected: clients that watch health leave without a failed call. From then on calls are refused as UNAVAILABLE,
        reason DRAINING, before any work is done for them.

        New connections are still accepted, and their calls are refused in the same way: a client with several addresses
        tries the next one, while a refused connection looks like a crash. On a shared port, the server stops to listen,
        and the other processes get the new connections.
        """
        due = time.monotonic() + seconds
        self._health.set(serving=False)
        await self._connections.wait_for_none(min(self._drain_notice_s, seconds))
        self.gate.closed = True
        if self._share_port:
            await self._server.stop_listening()
        try:
            await asyncio.wait_for(self._telemetry.idle.wait(), max(0.0, due - time.monotonic()))
        except TimeoutError:
            logger.bind(calls=self._telemetry.in_flight).warning("calls still in flight at the end of the drain")

    async def __aexit__(self, *_: Any) -> None:
        """Ends watches, sends the last responses, and then GOAWAY to every client.

        grpclib's own close follows, because it cancels running calls and closes connections without GOAWAY.
        """
        self.gate.closed = True
        self._health.end()
        await self._server.stop_listening()
        await self._server.finish(_LAST_RESPONSES_S)
        # Now that nothing is in progress, the last call that was received is also the last that was answered.
        self._connections.stop_receiving()
        await self._server.finish(_LAST_REFUSALS_S)
        await self._connections.close(_GOAWAY_S)
        self._server.close()
        await self._server.wait_closed()
