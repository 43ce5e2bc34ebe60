"""The gRPC server of a service: its handlers guarded, health and reflection beside them, and an orderly end."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from loguru import logger

from service_kit.contract import Contract
from service_kit.grpc.bounded_server import BoundedServer, BoundedService
from service_kit.grpc.caller_shares import CallerShares
from service_kit.grpc.codec import ContractCodec
from service_kit.grpc.completeness import CompletenessCheck
from service_kit.grpc.errors import ErrorTable
from service_kit.grpc.handlers import Door, GuardedService
from service_kit.grpc.health import HealthService
from service_kit.grpc.limits import DEFAULT_LIMITS, ServerLimits
from service_kit.grpc.open_connections import OpenConnections
from service_kit.grpc.platform_service import PlatformServices
from service_kit.grpc.telemetry import CallTelemetry
from service_kit.lifecycle.readiness import Readiness
from service_kit.tokens.verifier import TokenVerifier
from service_kit.tracing.request_tracer import RequestTracer
from service_kit.validation import Validator

#: What the last answers have to get out, those who come too late to be refused, and all to close their connections (s).
_LAST_ANSWERS_S = 0.2
_LAST_REFUSALS_S = 0.1
_GOODBYE_S = 0.25


class GrpcServer:
    """Serves ``services`` (betterproto2 bases' subclasses) on each of ``hosts`` while the context is entered.

    share_port: several processes listen on the port (SO_REUSEPORT), and the system shares new connections out.
    drain_notice_s: see `drain`. door: open until it drains. tracer: begins the spans of calls; None: there are none.
    readiness: of the process, which is not ready while it lacks a method that the contract gives it.
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
        self.door = Door()
        self._connections = OpenConnections(limits.max_connections)
        shares = CallerShares(
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
                door=self.door,
                shares=shares,
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
        """Have clients go elsewhere, and wait for the calls in progress, at most ``seconds``.

        First grpc.health.v1 says NOT_SERVING, and calls are still taken for drain_notice_s: who watches leaves without
        one failed call. Nobody connected, nobody to tell. From then on calls are refused as UNAVAILABLE, reason
        DRAINING, before anything is done for them.

        Clients that come now are let in, only to be told the same: of one address among several, that is an answer to
        go on with, where a refused connection looks like a crash. Not so on a shared port, where the others get them.
        """
        due = time.monotonic() + seconds
        self._health.set(serving=False)
        await self._connections.wait_for_none(min(self._drain_notice_s, seconds))
        self.door.closed = True
        if self._share_port:
            await self._server.stop_listening()
        try:
            await asyncio.wait_for(self._telemetry.idle.wait(), max(0.0, due - time.monotonic()))
        except TimeoutError:
            logger.bind(calls=self._telemetry.in_flight).warning("calls still in flight at the end of the drain")

    async def __aexit__(self, *_: Any) -> None:
        """Closes: those who watch are let go, the last answers go out, then each client is told that it was the last.

        grpclib's close comes after that, for it cancels whatever runs and closes connections without a word.
        """
        self.door.closed = True
        self._health.end()
        await self._server.stop_listening()
        await self._server.finish(_LAST_ANSWERS_S)
        # Now that nothing is in progress, the last call that was heard is also the last that was answered.
        self._connections.stop_hearing()
        await self._server.finish(_LAST_REFUSALS_S)
        await self._connections.close(_GOODBYE_S)
        self._server.close()
        await self._server.wait_closed()
