"""Checks the framing of an inbound message: a flag, a length in 4 bytes, and the message.

See https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests. Without this, grpclib waits for and keeps
any announced length, up to 4 GiB, and reports a caller's malformed frame as an error of the service.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grpclib.const import Status
from grpclib.server import Stream

from service_kit.grpc.call_stream import stream_of
from service_kit.request.errors import CallError

_PREFIX_BYTES = 5


@contextmanager
def guarded_frames(stream: Stream[Any, Any], max_message_bytes: int, *, may_end: bool = False) -> Iterator[None]:
    """Makes ``stream`` raise CallError for a frame that is not accepted, while the context lasts.

    Args:
        stream: The call.
        max_message_bytes: Of one message; a longer one is refused when its length arrives.
        may_end: Whether the stream may end without a message, or without a further one.
    """
    inner = stream_of(stream)
    receive = inner.recv_data
    is_prefix = True

    async def guarded(size: int) -> bytes:
        nonlocal is_prefix
        if not is_prefix and size > max_message_bytes:
            raise CallError(Status.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", f"at most {max_message_bytes} bytes")
        try:
            data = await receive(size)
        except AssertionError as exc:  # grpclib's error for a stream that has ended too early
            raise _malformed("the message is cut short") from exc
        if is_prefix and not (may_end and not data):
            _check_prefix(data)
        is_prefix = not is_prefix
        return data

    inner.recv_data = guarded  # type: ignore[method-assign]
    yield


def _check_prefix(prefix: bytes) -> None:
    if len(prefix) != _PREFIX_BYTES:
        raise _malformed("there is no message")
    if prefix[0]:
        # The status of https://github.com/grpc/grpc/blob/master/doc/compression.md.
        raise CallError(Status.UNIMPLEMENTED, "NOT_IMPLEMENTED", "compressed messages are not accepted")


def _malformed(detail: str) -> CallError:
    return CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", detail)
