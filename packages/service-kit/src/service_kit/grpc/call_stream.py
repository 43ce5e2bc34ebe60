"""A call's stream that knows when its answer is due, and counts what it has received."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from grpclib.config import Configuration
from grpclib.const import Status
from grpclib.exceptions import StreamTerminatedError
from grpclib.protocol import Connection
from grpclib.protocol import Stream as H2Stream
from grpclib.server import Stream
from h2.connection import H2Connection
from h2.exceptions import StreamClosedError

from service_kit.grpc.receive_budget import ReceiveBudget, ReceiveBuffer

_UNIMPLEMENTED = ("grpc-status", str(Status.UNIMPLEMENTED.value))
_ACCEPTED_ENCODINGS = ("grpc-accept-encoding", "identity")


class CallStream(H2Stream):
    """due: on the clock of time.monotonic(); None: a call that may go on for ever. buffer: what has been received."""

    due: float | None = None
    buffer: ReceiveBuffer

    def init_stream(self, stream_id: int, connection: Connection) -> None:
        super().init_stream(stream_id, connection)
        budget = cast("CallConnection", connection).receive_budget
        self.buffer = ReceiveBuffer(partial(connection.ack, stream_id), budget, connection)

    async def send_headers(self, headers: list[tuple[str, str]], end_stream: bool = False) -> None:
        """As grpclib's. UNIMPLEMENTED may mean a compression, so it names the encodings that are taken.

        (https://github.com/grpc/grpc/blob/master/doc/compression.md.) grpclib lets no metadata of this name through.
        """
        if _UNIMPLEMENTED in headers:
            headers = [*headers, _ACCEPTED_ENCODINGS]
        await super().send_headers(headers, end_stream=end_stream)


class CallConnection(Connection):
    """Makes such streams of what a client begins. receive_budget: which their messages draw on."""

    def __init__(
        self, connection: H2Connection, transport: Any, *, config: Configuration, receive_budget: ReceiveBudget
    ) -> None:
        super().__init__(connection, transport, config=config)
        self.receive_budget = receive_budget

    def create_stream(self, *, stream_id: int | None = None, wrapper: Any = None) -> CallStream:
        return CallStream(self, self._connection, self._transport, stream_id=stream_id, wrapper=wrapper)


def due_of(call: Stream[Any, Any]) -> float | None:
    """When the answer to ``call`` is due."""
    return cast("CallStream", call._stream).due  # noqa: SLF001 - grpclib passes nothing else on


@contextmanager
def quiet_after_leaving(call: Stream[Any, Any]) -> Iterator[None]:
    """Ends the task of ``call`` as cancelled, whatever happens in the context, once the caller has left.

    grpclib cancels the task when a caller leaves, and logs a traceback where the task ends otherwise: with an answer
    that came in the same moment, or with an error that the cancellation brought about
    (https://github.com/vmagamedov/grpclib/issues/27). No answer is missing, and nothing is wrong.
    """
    try:
        yield
    except (StreamTerminatedError, StreamClosedError) as error:
        raise asyncio.CancelledError from error
    except Exception as error:
        if _has_left(call):
            raise asyncio.CancelledError from error
        raise
    if _has_left(call):
        raise asyncio.CancelledError


def _has_left(call: Stream[Any, Any]) -> bool:
    wrapper = call._stream.wrapper  # noqa: SLF001 - as above
    return wrapper is not None and bool(wrapper.cancelled)


def set_verified(call: Stream[Any, Any]) -> None:
    """Notes that the token of the caller has been verified."""
    cast("CallStream", call._stream).buffer.verify()  # noqa: SLF001 - as above


def sent_bytes_of(call: Stream[Any, Any]) -> int:
    """How much of the answer to ``call`` has been sent: messages with their lengths, without headers."""
    return call._stream.data_sent  # noqa: SLF001 - as above
