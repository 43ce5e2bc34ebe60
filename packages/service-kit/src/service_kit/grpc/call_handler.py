"""The calls of one connection: refuses them before a handler runs, by their headers and their number."""

import inspect
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from grpclib.const import Cardinality, Status
from grpclib.metadata import decode_timeout
from grpclib.protocol import Stream as H2Stream
from grpclib.server import Handler, Stream
from h2.errors import ErrorCodes
from loguru import logger

from service_kit.grpc.call_stream import CallStream
from service_kit.grpc.errors import to_grpc_error
from service_kit.grpc.limits import ServerLimits
from service_kit.request.errors import CallError
from service_kit.telemetry.metrics import meter

_Header = tuple[str, str]

_TIMEOUT = "grpc-timeout"
#: The size of a header is its length and this (RFC 9113, 6.5.2).
_OVERHEAD_BYTES = 32

_refused = meter(__name__).create_counter(
    "rpc.server.refused_calls", unit="{call}", description="Calls refused for their headers or their number, by reason"
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call that has not begun. release: ends it after it has begun. release_stream: ends it before."""

    headers: Any
    release: Callable[[], None]
    release_stream: Callable[[], Any]


class CallHandler(Handler):
    """Starts and cancels calls. Each has a deadline: that of its method, or that of its caller if it is earlier.

    Args:
        parts: What grpclib passes to its own handler.
        limits: Of the server.
        deadlines_s: The deadline of each path; a path without one has no deadline.

    Attributes:
        on_busy: Called when the first call begins.
        on_idle: Called when the last call has ended.
        accepted: How many calls have begun.
        abandoned: How many calls were reset by the caller before a handler ran.
    """

    def __init__(self, *parts: Any, limits: ServerLimits, deadlines_s: Mapping[str, float]) -> None:
        super().__init__(*parts)
        self._limits = limits
        self._deadlines_s = deadlines_s
        self._releases: dict[H2Stream, Callable[[], None]] = {}
        # Of these: calls that the caller has cancelled, whose tasks have not ended yet.
        self._cancelled_streams: set[H2Stream] = set()
        # Calls that begin when one of those has ended.
        self._waiting: dict[H2Stream, _Waiting] = {}
        self.on_busy: Callable[[], None] = _ignore
        self.on_idle: Callable[[], None] = _ignore
        self.accepted = self.abandoned = 0

    @property
    def unfinished(self) -> set[Any]:
        """The tasks of the calls that have not ended, cancelled ones included."""
        return {task for task in (*self._tasks.values(), *self._cancelled) if not task.done()}

    def accept(self, stream: H2Stream, headers: Any, release_stream: Callable[[], Any]) -> None:
        self.accepted += 1
        running = len(self._releases)
        if running - len(self._cancelled_streams) + len(self._waiting) >= self._limits.max_streams:
            # The caller has not read the settings yet. REFUSED_STREAM: the call has not begun, and may be retried.
            _refused.add(1, {"reason": "TOO_MANY_STREAMS"})
            if stream.closable:
                stream.reset_nowait(ErrorCodes.REFUSED_STREAM)
            release_stream()
            return

        def release() -> None:
            if self._releases.pop(stream, None) is not None:
                self._cancelled_streams.discard(stream)
                cast("CallStream", stream).buffer.close()
                release_stream()
                self._begin_waiting()
                if not self._releases:
                    self.on_idle()

        if running >= self._limits.max_streams:
            # The caller respects the limit; calls that it has cancelled are about to end.
            self._waiting[stream] = _Waiting(headers, release, release_stream)
        else:
            self._begin(stream, headers, release)

    def cancel(self, stream: H2Stream) -> None:
        if stream in self._waiting:
            self.abandoned += 1
            self._waiting.pop(stream).release_stream()
            return
        self._cancelled_streams.add(stream)
        if inspect.getcoroutinestate(self._tasks[stream].get_coro()) == inspect.CORO_CREATED:  # type: ignore[arg-type]
            self.abandoned += 1
            # A task that has not begun does not release the call itself.
            self._releases[stream]()
        super().cancel(stream)

    def _begin(self, stream: H2Stream, headers: Any, release: Callable[[], None]) -> None:
        self._releases[stream] = release
        if len(self._releases) == 1:
            self.on_busy()
        try:
            admitted = self._admit(cast("CallStream", stream), headers)
        except CallError as refusal:
            self._tasks[stream] = self.loop.create_task(self._refuse(stream, refusal, release))
        else:
            super().accept(stream, admitted, release)

    def _begin_waiting(self) -> None:
        if self._waiting and not self.closing:
            stream = next(iter(self._waiting))
            call = self._waiting.pop(stream)
            self._begin(stream, call.headers, call.release)

    def _admit(self, stream: CallStream, headers: list[_Header]) -> list[_Header]:
        """Returns the headers for grpclib, and sets the deadline of ``stream``.

        Raises:
            CallError: The headers are malformed, too many, or too large.
        """
        path = ""
        timeout_s = math.inf
        size = 0
        for name, value in headers:
            size += len(name) + len(value) + _OVERHEAD_BYTES
            if name == ":path":
                path = value
            elif name == _TIMEOUT:
                timeout_s = min(timeout_s, _seconds(value))
        if size > self._limits.max_header_bytes or len(headers) > self._limits.max_headers:
            detail = f"at most {self._limits.max_headers} headers of {self._limits.max_header_bytes} bytes"
            raise CallError(Status.RESOURCE_EXHAUSTED, "HEADERS_TOO_LARGE", detail)
        timeout_s = min(timeout_s, self._deadlines_s.get(path, math.inf))
        # From now on, not from when the task of the call first runs.
        stream.due = time.monotonic() + timeout_s if timeout_s < math.inf else None
        # Without the deadline: grpclib's own timers report one that has just passed as an error of the service. And
        # without binary metadata: grpclib fails over a value that is not base64.
        return [header for header in headers if header[0] != _TIMEOUT and not header[0].endswith("-bin")]

    async def _refuse(self, stream: H2Stream, refusal: CallError, release: Callable[[], None]) -> None:
        _refused.add(1, {"reason": refusal.reason})
        logger.bind(reason=refusal.reason).info("call refused")
        call: Stream[Any, Any] = Stream(
            stream,
            "",
            Cardinality.UNARY_UNARY,
            object,
            object,
            codec=self.codec,
            status_details_codec=self.status_details_codec,
            dispatch=self.dispatch,
        )
        try:
            async with call:
                raise to_grpc_error(refusal)
        finally:
            release()


def _ignore() -> None:
    return


def _seconds(text: str) -> float:
    try:
        seconds = decode_timeout(text)
    except ValueError as exc:
        raise CallError(Status.INVALID_ARGUMENT, "INVALID_REQUEST", "grpc-timeout is malformed") from exc
    if not seconds:
        raise CallError(Status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
    return seconds
