"""The stream of a call: its deadline, the bytes that it has received, and its end when the caller leaves."""

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

from service_kit.grpc.grpclib_adapter import h2_stream_of
from service_kit.grpc.receive_budget import ReceiveBudget, ReceiveBuffer

_UNIMPLEMENTED = ("grpc-status", str(Status.UNIMPLEMENTED.value))
_ACCEPTED_ENCODINGS = ("grpc-accept-encoding", "identity")


class CallStream(H2Stream):
    """grpclib's stream with a deadline and a bounded buffer.

    Attributes:
        due: The deadline on the clock of time.monotonic(); None: there is none.
        buffer: What was received and not read.
    """

    due: float | None = None
    buffer: ReceiveBuffer

    def init_stream(self, stream_id: int, connection: Connection) -> None:
        super().init_stream(stream_id, connection)
        budget = cast("CallConnection", connection).receive_budget
        self.buffer = ReceiveBuffer(partial(connection.ack, stream_id), budget, connection)

    async def send_headers(self, headers: list[tuple[str, str]], end_stream: bool = False) -> None:
        """Sends headers as grpclib does; with UNIMPLEMENTED, which may concern a compression, the accepted encodings.

        See https://github.com/grpc/grpc/blob/master/doc/compression.md. grpclib itself accepts no metadata of this
        name.
        """
        if _UNIMPLEMENTED in headers:
            headers = [*headers, _ACCEPTED_ENCODINGS]
        await super().send_headers(headers, end_stream=end_stream)


class CallConnection(Connection):
    """grpclib's connection, whose streams are CallStreams that draw on a ``receive_budget``."""

    def __init__(
        self, connection: H2Connection, transport: Any, *, config: Configuration, receive_budget: ReceiveBudget
    ) -> None:
        super().__init__(connection, transport, config=config)
        self.receive_budget = receive_budget

    def create_stream(self, *, stream_id: int | None = None, wrapper: Any = None) -> CallStream:
        return CallStream(self, self._connection, self._transport, stream_id=stream_id, wrapper=wrapper)


def stream_of(call: Stream[Any, Any]) -> CallStream:
    """Returns the stream of ``call``."""
    return cast("CallStream", h2_stream_of(call))


def due_of(call: Stream[Any, Any]) -> float | None:
    """Returns the deadline of ``call``, on the clock of time.monotonic()."""
    return stream_of(call).due


@contextmanager
def quiet_after_leaving(call: Stream[Any, Any]) -> Iterator[None]:
    """Ends the task of ``call`` as cancelled, once the caller has left.

    grpclib cancels the task when a caller leaves, and logs a traceback if the task ends otherwise: with a response in
    the same moment, or with an error that the cancellation has caused
    (https://github.com/vmagamedov/grpclib/issues/27). Neither is an error of the service.
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
    wrapper = stream_of(call).wrapper
    return wrapper is not None and bool(wrapper.cancelled)


def set_verified(call: Stream[Any, Any]) -> None:
    """Notes that the token of the caller was verified."""
    stream_of(call).buffer.verify()


def sent_bytes_of(call: Stream[Any, Any]) -> int:
    """Returns how much of the response was sent: messages with their prefixes, without headers."""
    return stream_of(call).data_sent
