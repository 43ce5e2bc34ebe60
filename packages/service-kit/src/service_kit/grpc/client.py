"""Calls to another service of the platform."""

import time
from typing import Any

from grpclib.client import Channel, Stream
from grpclib.const import Cardinality
from grpclib.events import SendRequest, listen
from grpclib.metadata import Deadline

from service_kit.grpc.grpclib_adapter import keepalive
from service_kit.grpc.metadata import outgoing
from service_kit.request.context import current_request

_KEEPALIVE = keepalive(30, 5, min_interval_s=30)


def parse_target(target: str) -> tuple[str, int]:
    """Splits "host:port" or "[::1]:port"; raises ValueError if it is neither."""
    host, _, port = target.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f'"{target}" is not host:port')
    return host.removeprefix("[").removesuffix("]"), int(port)


class _ForwardingChannel(Channel):
    """Limits the deadline of a call to that of the current request; raises ValueError if a call would have none."""

    def request(
        self,
        name: str,
        cardinality: Cardinality,
        request_type: type[Any],
        reply_type: type[Any],
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: Any = None,
    ) -> Stream[Any, Any]:
        if deadline is None and timeout is not None:
            deadline = Deadline.from_timeout(timeout)
        current = current_request()
        if current is not None and current.deadline is not None:
            left = Deadline.from_timeout(max(0.0, current.deadline - time.monotonic()))
            deadline = left if deadline is None else min(deadline, left)
        if deadline is None:
            raise ValueError(f"{name} is called without a deadline")
        return super().request(name, cardinality, request_type, reply_type, deadline=deadline, metadata=metadata)


class GrpcClient:
    """A channel to one target that forwards the context of the current request (ids, trace, token, deadline).

    A call outside of any request needs a timeout of its own: it might wait for ever, if only for other calls of the
    connection.

    Attributes:
        channel: For stubs.
    """

    def __init__(self, target: str) -> None:
        host, port = parse_target(target)
        self.channel = _ForwardingChannel(host, port, config=_KEEPALIVE)
        listen(self.channel, SendRequest, _add_context)

    async def __aenter__(self) -> "GrpcClient":
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.channel.close()


async def _add_context(event: SendRequest) -> None:
    request = current_request()
    if request is not None:
        event.metadata.update(outgoing(request))
