"""Distrusts the frame of an inbound message: a flag, a length in 4 bytes, and the message.

(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests.) Left alone, grpclib waits for and keeps
whatever length is announced, up to 4 GiB, and takes a caller's wrong frame for an error of the service.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grpclib.const import Status
from grpclib.server import Stream

from service_kit.request.errors import CallError

_PREFIX_BYTES = 5


@contextmanager
def guarded_frames(stream: Stream[Any, Any], max_message_bytes: int, *, may_end: bool = False) -> Iterator[None]:
    """Has ``stream`` raise CallError for a frame that is not taken, for as long as the context lasts.

    max_message_bytes: of one message; a longer one is refused when it is announced. may_end: a stream without a
    message, or without a further one, is in order.
    """
    inner = stream._stream  # noqa: SLF001 (grpclib has no limit of its own, and no place to put one)
    receive = inner.recv_data
    is_prefix = True

    async def guarded(size: int) -> bytes:
        nonlocal is_prefix
        if not is_prefix and size > max_message_bytes:
            raise CallError(Status.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", f"at most {max_message_bytes} bytes")
        try:
            data = await receive(size)
        except AssertionError as exc:  # grpclib's word for a stream that has ended too early
            raise _wrong("the message is cut short") from exc
        if is_prefix and not (may_end and not data):
            _check_prefix(data)
        is_prefix = not is_prefix
        return data

    inner.recv_data = guarded  # type: ignore[method-assign]
    yield


def _check_prefix(prefix: bytes) -> None:
    if len(prefix) != _PREFIX_BYTES:
        raise _wrong("there is no message")
    if prefix[0]:
        # https://github.com/grpc/grpc/blob/master/doc/compression.md: the status, with what is accepted beside it.
        raise CallError(Status.UNIMPLEMENTED, "NOT_IMPLEMENTED", "compressed messages are not taken")


def _wrong(detail: str) -> CallError:
    return CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", detail)
