"""Distrusts the frame of an inbound message: a flag, a length in 4 bytes, and the message.

(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests.) Left alone, grpclib waits for and keeps
whatever length is announced, up to 4 GiB, and takes a caller's wrong frame for an error of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grpclib.const import Status
from grpclib.server import Stream

from service_kit.errors import CallError

_PREFIX_BYTES = 5


class FrameGuard:
    """max_message_bytes: of one message. max_receiving_bytes: of all that are arriving, whoever sends them.

    A message takes up its whole length from the moment that it is announced: who announces much and sends little would
    otherwise cost no more than one that sends nothing, until all of them send.
    """

    def __init__(self, max_message_bytes: int, max_receiving_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._max_receiving_bytes = max_receiving_bytes
        self._receiving_bytes = 0

    @contextmanager
    def guarding(self, stream: Stream[Any, Any], *, may_end: bool = False) -> Iterator[None]:
        """Have ``stream`` raise CallError for a frame that is not taken, for as long as the context lasts.

        may_end: a stream without a message, or without a further one, is in order.
        """
        inner = stream._stream  # noqa: SLF001 (grpclib has no limit of its own, and no place to put one)
        receive = inner.recv_data
        is_prefix, announced_bytes = True, 0

        async def guarded(size: int) -> bytes:
            nonlocal is_prefix, announced_bytes
            if not is_prefix:
                self._admit(size)
                self._receiving_bytes += size - announced_bytes
                announced_bytes = size
            try:
                data = await receive(size)
            except AssertionError as exc:  # grpclib's word for a stream that has ended too early
                raise _wrong("the message is cut short") from exc
            if is_prefix and not (may_end and not data):
                _check_prefix(data)
            is_prefix = not is_prefix
            return data

        inner.recv_data = guarded  # type: ignore[method-assign]
        try:
            yield
        finally:
            self._receiving_bytes -= announced_bytes

    def _admit(self, size: int) -> None:
        if size > self._max_message_bytes:
            detail = f"at most {self._max_message_bytes} bytes"
            raise CallError(Status.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", detail)
        if self._receiving_bytes + size > self._max_receiving_bytes:
            raise CallError(Status.RESOURCE_EXHAUSTED, "OVERLOADED", "too much is arriving at once", retry_after_s=1)


def _check_prefix(prefix: bytes) -> None:
    if len(prefix) != _PREFIX_BYTES:
        raise _wrong("there is no message")
    if prefix[0]:
        raise _wrong("compressed messages are not taken")


def _wrong(detail: str) -> CallError:
    return CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", detail)
