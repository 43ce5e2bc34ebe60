"""Flood protection for one HTTP/2 connection: budgets for everything that a client sends beside requests."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from h2.events import (
    DataReceived,
    Event,
    PingAckReceived,
    PingReceived,
    PriorityUpdated,
    RemoteSettingsChanged,
    RequestReceived,
    SettingsAcknowledged,
    StreamReset,
    TrailersReceived,
    UnknownFrameReceived,
    WindowUpdated,
)
from service_kit.http2 import LateData, TokenBucket

from gateway.server.bounds import Bounds
from gateway.server.telemetry import Cause

_CONTROL = (PingAckReceived, PriorityUpdated, RemoteSettingsChanged, SettingsAcknowledged, UnknownFrameReceived)
#: Frames that a client sends because of what it has read.
_CAUSED_BY_DATA = (PingReceived, WindowUpdated)
#: So many bytes of responses pay for one of them: python-h2 acknowledges each frame twice, grpc-go measures round trips
#: with PING. A client that reads in smaller pieces spends the control frames that are always allowed.
_BYTES_PER_FRAME = 256
#: A request may come with priorities, trailers, and a body in pieces.
_GRANTED_PER_REQUEST = 20
#: A request that has been in progress for so long may be cancelled at no cost: only few such requests are possible.
_SETTLED_S = 1.0
#: How many times as many requests as are allowed at once may be refused for their number, within 10 s.
_REFUSED_FACTOR = 10
#: What may be on its way of a request that was answered or reset before it was complete: the window of a stream.
_LATE_BYTES = 65_535
#: Header sections that do not end: one frame, and one that is not complete.
_UNPRODUCTIVE_BYTES = 2 * 16 * 1024


class _Begun(Protocol):
    began_at: float


class FloodGuard:
    """Tells floods from traffic: each frame is paid for by what the server has sent or the client has requested.

    Rapid reset (CVE-2023-44487), resets that the client provokes (CVE-2025-8671), PING, SETTINGS, PRIORITY,
    WINDOW_UPDATE, empty frames, bodies of closed streams, and header sections without end (CVE-2024-27316): each is
    cheap to send and costs the server time or memory, and HTTP/2 bounds none of them (RFC 9113, 10.5).
    """

    def __init__(self, bounds: Bounds, now: float) -> None:
        self._resets = TokenBucket(bounds.http2_max_resets, now)
        self._control = TokenBucket(bounds.http2_max_control_frames, now)
        self._refused = TokenBucket(_REFUSED_FACTOR * bounds.http2_max_streams, now)
        self._max_unproductive_bytes = 2 * bounds.max_header_bytes + _UNPRODUCTIVE_BYTES
        self._unproductive_bytes = 0
        self._late_bytes = _LATE_BYTES
        self._sent_bytes = 0
        # Frames that responses have paid for. It needs no bound, since responses have one.
        self._paid = 0.0

    def judge(
        self, received_bytes: int, events: Sequence[Event], now: float, sent_bytes: int, begun: Mapping[int, _Begun]
    ) -> Cause | None:
        """Returns the cause to end the connection for what it has just received; None if there is none.

        Args:
            received_bytes: How many bytes were received.
            events: The events in them, in their order.
            now: On the clock of time.monotonic().
            sent_bytes: Of the bodies of all responses on this connection so far.
            begun: The requests in progress, by stream.
        """
        self._paid += (sent_bytes - self._sent_bytes) / _BYTES_PER_FRAME
        self._sent_bytes = sent_bytes
        self._unproductive_bytes = 0 if events else self._unproductive_bytes + received_bytes
        if self._unproductive_bytes > self._max_unproductive_bytes:
            return Cause.HTTP2_HEADERS
        for event in events:
            cause = self._judge(event, now, begun)
            if cause is not None:
                return cause
        return None

    def answered(self) -> None:
        """Notes that a response was read to its end, which pays for one cancelled request."""
        self._resets.grant(1)

    def cut_short(self) -> None:
        """Notes that a request ended before its body was complete; the rest may be on its way."""
        self._late_bytes += _LATE_BYTES

    def refused(self, now: float) -> Cause | None:
        """Notes that a request was refused for the number of requests; returns as `judge` does."""
        self.cut_short()
        return None if self._refused.spend(now) else Cause.HTTP2_RESETS

    def _judge(self, event: Event, now: float, begun: Mapping[int, _Begun]) -> Cause | None:
        if isinstance(event, RequestReceived):
            self._control.grant(_GRANTED_PER_REQUEST)
        elif isinstance(event, StreamReset):
            self.cut_short()
            exchange = begun.get(event.stream_id)
            is_settled = exchange is not None and now - exchange.began_at > _SETTLED_S
            if not is_settled and not self._resets.spend(now):
                return Cause.HTTP2_RESETS
        elif isinstance(event, LateData):
            self._late_bytes -= event.size_bytes
            if self._late_bytes < 0 or (not event.size_bytes and not self._control.spend(now)):
                return Cause.HTTP2_CONTROL_FRAMES
        elif isinstance(event, _CAUSED_BY_DATA) and self._paid >= 1:
            self._paid -= 1
        elif _is_control(event) and not self._control.spend(now):
            return Cause.HTTP2_CONTROL_FRAMES
        return None


def _is_control(event: Event) -> bool:
    if isinstance(event, DataReceived):
        return not event.data and event.stream_ended is None
    return isinstance(event, (*_CONTROL, *_CAUSED_BY_DATA, TrailersReceived))
