"""Distrusts the frame of an inbound message: a flag, a length in 4 bytes, and the message.

(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests.) Left alone, grpclib waits for and keeps
whatever length is announced, up to 4 GiB, and takes a caller's wrong frame for an error of ours.
"""

from typing import Any

from grpclib.const import Status
from grpclib.server import Stream

from service_kit.errors import CallError

_PREFIX_BYTES = 5


def guard_frame(stream: Stream[Any, Any], max_message_bytes: int) -> None:
    """Have ``stream``, which is to receive one message, raise CallError for a frame that we do not take."""
    inner = stream._stream  # noqa: SLF001 (grpclib has no limit of its own, and no place to put one)
    receive = inner.recv_data
    prefix: bytes | None = None

    async def guarded(size: int) -> bytes:
        nonlocal prefix
        if size > max_message_bytes:
            detail = f"at most {max_message_bytes} bytes"
            raise CallError(Status.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", detail)
        try:
            data = await receive(size)
        except AssertionError as exc:  # grpclib's word for a stream that has ended too early
            raise _wrong("the message is cut short") from exc
        if prefix is None:
            prefix = data
            if len(prefix) != _PREFIX_BYTES:
                raise _wrong("there is no message")
            if prefix[0]:
                raise _wrong("compressed messages are not taken")
        return data

    inner.recv_data = guarded  # type: ignore[method-assign]


def _wrong(detail: str) -> CallError:
    return CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", detail)
