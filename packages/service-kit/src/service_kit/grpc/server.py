"""The gRPC server of a service: its handlers guarded, health and reflection beside them, and an orderly end."""

import asyncio
from collections.abc import Sequence
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpclib.encoding.proto import ProtoStatusDetailsCodec
from grpclib.health.check import ServiceStatus
from grpclib.health.service import OVERALL, Health
from grpclib.health.v1.health_pb2 import DESCRIPTOR as HEALTH
from grpclib.protocol import H2Protocol
from grpclib.reflection.service import ServerReflection
from grpclib.server import Server
from loguru import logger

from service_kit.contract import Contract
from service_kit.grpc.codec import InboundCodec
from service_kit.grpc.corked_protocol import CorkedProtocol
from service_kit.grpc.errors import ErrorTable
from service_kit.grpc.handlers import GuardedService
from service_kit.grpc.telemetry import CallTelemetry
from service_kit.readiness import Readiness
from service_kit.tokens.verifier import TokenVerifier
from service_kit.validation import Validator

_MAX_MESSAGE_BYTES = 4 * 1024 * 1024


class GrpcServer:
    """Serves ``services`` (betterproto2 bases' subclasses) on host:port while the context is entered.

    Several replicas may share the port (SO_REUSEPORT). With draining on ``readiness``, new calls are refused as
    UNAVAILABLE and grpc.health.v1 answers NOT_SERVING.
    """

    def __init__(
        self,
        services: Sequence[Any],
        *,
        contract: Contract,
        verifier: TokenVerifier,
        host: str,
        port: int,
        error_table: ErrorTable,
        readiness: Readiness,
        max_message_bytes: int = _MAX_MESSAGE_BYTES,
    ) -> None:
        self._host, self._port = host, port
        self._telemetry = CallTelemetry()
        self._serving = ServiceStatus()
        codec = InboundCodec(Validator(contract), max_message_bytes)
        guarded: list[Any] = [
            GuardedService(
                service,
                contract=contract,
                codec=codec,
                verifier=verifier,
                error_table=error_table,
                readiness=readiness,
                telemetry=self._telemetry,
            )
            for service in services
        ]
        health = Health({OVERALL: [self._serving], **{service: [self._serving] for service in guarded}})
        handlers = ServerReflection.extend([*guarded, health], pool=_with_health(contract))
        self._server = _CorkedServer(handlers, codec=codec, status_details_codec=ProtoStatusDetailsCodec())

    async def __aenter__(self) -> "GrpcServer":
        await self._server.start(self._host, self._port, reuse_port=True)
        self._serving.set(True)
        logger.bind(host=self._host, port=self._port).info("gRPC server listening")
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def drain(self, seconds: float) -> None:
        """Say NOT_SERVING and wait for the calls in flight, at most ``seconds``. Closing cancels those left."""
        self._serving.set(False)
        try:
            await asyncio.wait_for(self._telemetry.idle.wait(), seconds)
        except TimeoutError:
            logger.bind(calls=self._telemetry.in_flight).warning("calls still in flight at the end of the drain")


class _CorkedServer(Server):
    """grpclib's server, with connections that write once in a turn of the event loop."""

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        return CorkedProtocol(protocol.handler, protocol.config, protocol.h2_config)


def _with_health(contract: Contract) -> DescriptorPool:
    """The contract's descriptors and those of grpc.health.v1, for reflection."""
    health = FileDescriptorProto()
    HEALTH.CopyToProto(health)
    contract.pool.Add(health)
    return contract.pool
