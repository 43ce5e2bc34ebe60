"""The services that every server has besides those of the contract: health and reflection."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpclib.const import Handler
from grpclib.health.v1.health_pb2 import DESCRIPTOR as HEALTH
from grpclib.reflection.service import ServerReflection
from grpclib.server import Stream

from service_kit.contract import Contract
from service_kit.errors import CallError
from service_kit.grpc.call_stream import due_of, quiet_after_leaving
from service_kit.grpc.errors import to_call_error, to_grpc_error
from service_kit.grpc.framing import guarded_frames
from service_kit.grpc.health import HealthService

#: Questions of these services are names.
_MAX_MESSAGE_BYTES = 16 * 1024
#: The longest that anything but a watch may take (seconds): reflection is a conversation.
_DEADLINE_S = 60.0
_ENDLESS = "/grpc.health.v1.Health/Watch"


class PlatformServices:
    """Health and reflection, behind the same distrust of what comes in as the contract's services."""

    def __init__(self, health: HealthService, contract: Contract, guarded: list[Any]) -> None:
        services = ServerReflection.extend([*guarded, health], pool=_with_health(contract))[len(guarded) :]
        self._handlers = {
            path: handler._replace(func=_guard(handler))
            for service in services
            for path, handler in service.__mapping__().items()
        }
        self.deadlines_s: Mapping[str, float] = {path: _DEADLINE_S for path in self._handlers if path != _ENDLESS}

    def __mapping__(self) -> dict[str, Handler]:
        return self._handlers


def _guard(handler: Handler) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    async def guarded(stream: Stream[Any, Any]) -> None:
        due = due_of(stream)
        try:
            with quiet_after_leaving(stream):
                async with asyncio.timeout(None if due is None else due - time.monotonic()):
                    with guarded_frames(stream, _MAX_MESSAGE_BYTES, may_end=handler.cardinality.client_streaming):
                        await handler.func(stream)
        except (CallError, TimeoutError) as refusal:
            raise to_grpc_error(to_call_error(refusal, {})) from refusal

    return guarded


def _with_health(contract: Contract) -> DescriptorPool:
    """The contract's descriptors and those of grpc.health.v1, for reflection."""
    health = FileDescriptorProto()
    HEALTH.CopyToProto(health)
    contract.pool.Add(health)
    return contract.pool
