"""grpc.health.v1: whether this process wants calls (https://github.com/grpc/grpc/blob/master/doc/health-checking.md)."""

import asyncio
from collections.abc import Collection
from typing import Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError
from grpclib.health.v1.health_grpc import HealthBase
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.server import Stream

_Stream = Stream[HealthCheckRequest, HealthCheckResponse]

#: A watch has no deadline, but who watches says at once what (seconds).
_REQUEST_WITHIN_S = 5.0


class HealthService(HealthBase):
    """One answer for all services, the whole ("") included, told to whoever watches as soon as it changes."""

    def __init__(self, services: Collection[str]) -> None:
        self._known = {"", *services}
        self._serving = False
        self._ended = False
        self._news = asyncio.Event()

    def set(self, *, serving: bool) -> None:
        """From now on, the answer is SERVING, or NOT_SERVING."""
        self._serving = serving
        self._tell()

    def end(self) -> None:
        """Let go of those who watch: UNAVAILABLE, so that they look for somebody else to watch."""
        self._ended = True
        self._tell()

    async def Check(self, stream: _Stream) -> None:  # noqa: N802 - the method's name in the contract
        service = await _asked_for(stream)
        if service not in self._known:
            raise GRPCError(Status.NOT_FOUND)
        await stream.send_message(HealthCheckResponse(status=self._status(service)))

    async def Watch(self, stream: _Stream) -> None:  # noqa: N802 - the method's name in the contract
        async with asyncio.timeout(_REQUEST_WITHIN_S):
            service = await _asked_for(stream)
        told = None
        while not self._ended:
            news, status = self._news, self._status(service)
            if status != told:
                await stream.send_message(HealthCheckResponse(status=status))
                told = status
            await news.wait()
        raise GRPCError(Status.UNAVAILABLE)

    def _status(self, service: str) -> Any:
        if service not in self._known:
            return HealthCheckResponse.SERVICE_UNKNOWN
        return HealthCheckResponse.SERVING if self._serving else HealthCheckResponse.NOT_SERVING

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


async def _asked_for(stream: _Stream) -> str:
    request = await stream.recv_message()
    return request.service if request is not None else ""
