"""The services that every server has beside those of the contract: health and reflection."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from google.rpc.error_details_pb2 import DESCRIPTOR as ERROR_DETAILS
from google.rpc.status_pb2 import DESCRIPTOR as STATUS
from grpclib.const import Handler
from grpclib.health.v1.health_pb2 import DESCRIPTOR as HEALTH
from grpclib.server import Stream

from service_kit.contract import Contract
from service_kit.grpc import reflection
from service_kit.grpc.call_stream import due_of, quiet_after_leaving
from service_kit.grpc.descriptor_index import DescriptorIndex
from service_kit.grpc.errors import to_call_error, to_grpc_error
from service_kit.grpc.framing import guarded_frames
from service_kit.grpc.health import HealthService
from service_kit.request.errors import CallError

#: Requests of these services are names.
_MAX_MESSAGE_BYTES = 16 * 1024
#: Of every method but Watch; a client may send many reflection requests on one stream.
_DEADLINE_S = 60.0
_HEALTH = "grpc.health.v1.Health"
_WITHOUT_DEADLINE = f"/{_HEALTH}/Watch"


class PlatformServices:
    """Health and reflection, with the same checks of framing, size and deadline as the contract's services."""

    def __init__(self, health: HealthService, contract: Contract, guarded: list[Any]) -> None:
        names = [path.split("/")[1] for service in guarded for path in service.__mapping__()]
        index = DescriptorIndex(_files(contract), [*dict.fromkeys(names), _HEALTH, *reflection.SERVICES])
        services: list[Any] = [health, reflection.Reflection(index)]
        self._handlers = {
            path: handler._replace(func=_guard(handler))
            for service in services
            for path, handler in service.__mapping__().items()
        }
        self.deadlines_s: Mapping[str, float] = {
            path: _DEADLINE_S for path in self._handlers if path != _WITHOUT_DEADLINE
        }

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


def _files(contract: Contract) -> Iterator[Any]:
    """Yields the files that describe every service of a server, and the details of its errors."""
    for method in contract.methods.values():
        yield method.input.file
        yield method.output.file
        yield contract.pool.FindServiceByName(method.service).file
    yield from (HEALTH, *reflection.FILES, ERROR_DETAILS, STATUS)
