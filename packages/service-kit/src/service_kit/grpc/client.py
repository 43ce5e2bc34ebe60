"""Calls to another of our processes."""

from typing import Any

from grpclib.client import Channel
from grpclib.config import Configuration
from grpclib.events import SendRequest, listen

from service_kit.context import current_request
from service_kit.grpc.metadata import outgoing

_KEEPALIVE = Configuration(_keepalive_time=30, _keepalive_timeout=5, _http2_min_sent_ping_interval_without_data=30)


def parse_target(target: str) -> tuple[str, int]:
    """Split "host:port" or "[::1]:port". ValueError: it is neither."""
    host, _, port = target.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f'"{target}" is not host:port')
    return host.removeprefix("[").removesuffix("]"), int(port)


class GrpcClient:
    """A channel to one target, which tells the other side of the current request (ids, trace, token).

    channel: for stubs. Every call needs a time-out of its own: over 100 streams, grpclib's calls wait silently.
    """

    def __init__(self, target: str) -> None:
        host, port = parse_target(target)
        self.channel = Channel(host, port, config=_KEEPALIVE)
        listen(self.channel, SendRequest, _tell)

    async def __aenter__(self) -> "GrpcClient":
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.channel.close()


async def _tell(event: SendRequest) -> None:
    request = current_request()
    if request is not None:
        event.metadata.update(outgoing(request))
