"""grpc.health.v1: whether this process accepts calls.

See https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
"""

import asyncio
from collections.abc import Collection
from typing import Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.health.v1.health_grpc import HealthBase
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.server import Stream

_Stream = Stream[HealthCheckRequest, HealthCheckResponse]

#: A watch has no deadline, but its request has to arrive within this.
_REQUEST_TIMEOUT_S = 5.0


class HealthService(HealthBase):
    """One status for all services and for the server as a whole (""); watchers are notified when it changes."""

    def __init__(self, services: Collection[str]) -> None:
        self._known = {"", *services}
        self._serving = False
        self._ended = False
        self._changed = asyncio.Event()

    def set(self, *, serving: bool) -> None:
        """Sets the status to SERVING or NOT_SERVING."""
        self._serving = serving
        self._notify()

    def end(self) -> None:
        """Ends all watches with UNAVAILABLE, so that clients watch another server."""
        self._ended = True
        self._notify()

    async def Check(self, stream: _Stream) -> None:  # noqa: N802 - the method's name in the contract
        service = await _requested_service(stream)
        if service not in self._known:
            raise GRPCError(Status.NOT_FOUND)
        await stream.send_message(HealthCheckResponse(status=self._status(service)))

    async def Watch(self, stream: _Stream) -> None:  # noqa: N802 - the method's name in the contract
        async with asyncio.timeout(_REQUEST_TIMEOUT_S):
            service = await _requested_service(stream)
        sent = None
        while not self._ended:
            changed, status = self._changed, self._status(service)
            if status != sent:
                await stream.send_message(HealthCheckResponse(status=status))
                sent = status
            await changed.wait()
        raise GRPCError(Status.UNAVAILABLE)

    def _status(self, service: str) -> Any:
        if service not in self._known:
            return HealthCheckResponse.SERVICE_UNKNOWN
        return HealthCheckResponse.SERVING if self._serving else HealthCheckResponse.NOT_SERVING

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def _requested_service(stream: _Stream) -> str:
    request = await stream.recv_message()
    return request.service if request is not None else ""
