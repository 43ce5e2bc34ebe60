"""A call's stream that knows when its answer is due."""

from typing import Any, cast

from grpclib.protocol import Connection
from grpclib.protocol import Stream as H2Stream
from grpclib.server import Stream


class CallStream(H2Stream):
    """due: on the clock of time.monotonic(); None: a call that may go on for ever."""

    due: float | None = None


class CallConnection(Connection):
    """Makes such streams of what a client begins."""

    def create_stream(self, *, stream_id: int | None = None, wrapper: Any = None) -> CallStream:
        return CallStream(self, self._connection, self._transport, stream_id=stream_id, wrapper=wrapper)


def due_of(call: Stream[Any, Any]) -> float | None:
    """When the answer to ``call`` is due."""
    return cast("CallStream", call._stream).due  # noqa: SLF001 - grpclib passes nothing else on


def sent_bytes_of(call: Stream[Any, Any]) -> int:
    """How much of the answer to ``call`` has been sent: messages with their lengths, without headers."""
    return call._stream.data_sent  # noqa: SLF001 - as above
