"""What a client may ask of one HTTP/2 connection beside requests."""

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
from service_kit.http2 import LateData

from gateway.server.bounds import Bounds
from gateway.server.budget import Budget
from gateway.server.telemetry import Cause

_CONTROL = (PingAckReceived, PriorityUpdated, RemoteSettingsChanged, SettingsAcknowledged, UnknownFrameReceived)
#: Frames that a client sends because of what it has read.
_CAUSED_BY_DATA = (PingReceived, WindowUpdated)
#: So many bytes of responses let a client send one of them: python-h2 acknowledges each frame twice, grpc-go measures
#: round trips with PING. A client that reads in smaller pieces lives on the control frames that are always allowed.
_BYTES_PER_FRAME = 256
#: A request may come with priorities, trailers, and a body in pieces.
_GRANTED_PER_REQUEST = 20
#: A request that has been in progress for so long (seconds) may be called off at no cost: so few are possible.
_SETTLED_S = 1.0
#: How many times as many requests as are allowed at once may be refused for their number, within 10 s.
_REFUSED_FACTOR = 10
#: What may still be on its way for a request that was answered or reset before all of it had come: a stream's window.
_LATE_BYTES = 65_535
#: Header sections that do not end: one frame, and one that is not complete.
_UNPRODUCTIVE_BYTES = 2 * 16 * 1024


class _Begun(Protocol):
    began_at: float


class FloodGuard:
    """Tells floods from traffic: each counter is paid for by what this server has caused or the client has asked for.

    Rapid reset (CVE-2023-44487), resets that the client provokes (CVE-2025-8671), PING, SETTINGS, PRIORITY,
    WINDOW_UPDATE, empty frames, bodies of closed streams, and header sections without end (CVE-2024-27316): each is
    cheap to send and costs us time or memory, and none is bounded by HTTP/2 itself (RFC 9113, 10.5).
    """

    def __init__(self, bounds: Bounds, now: float) -> None:
        self._resets = Budget(bounds.http2_max_resets, now)
        self._control = Budget(bounds.http2_max_control_frames, now)
        self._refused = Budget(_REFUSED_FACTOR * bounds.http2_max_streams, now)
        self._max_unproductive_bytes = 2 * bounds.max_header_bytes + _UNPRODUCTIVE_BYTES
        self._unproductive_bytes = 0
        self._late_bytes = _LATE_BYTES
        self._sent_bytes = 0
        # Frames that responses have paid for; not bounded, since responses are.
        self._paid = 0.0

    def judge(
        self, received_bytes: int, events: Sequence[Event], now: float, sent_bytes: int, begun: Mapping[int, _Begun]
    ) -> Cause | None:
        """Returns what is wrong with the events that so many bytes have brought; None: nothing.

        Args:
            received_bytes: How many they were.
            events: In their order.
            now: On the clock of time.monotonic().
            sent_bytes: Of all responses' bodies on this connection so far.
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
        """A response has been read to its end: one more request may be called off."""
        self._resets.grant(1)

    def cut_short(self) -> None:
        """A request ended before all of its body had come, the rest of which may be on its way."""
        self._late_bytes += _LATE_BYTES

    def refused(self, now: float) -> Cause | None:
        """A request was one too many."""
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
