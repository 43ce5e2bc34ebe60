"""What a client may ask of one HTTP/2 connection beside requests."""

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

from gateway.server.bounds import Bounds
from gateway.server.budget import Budget
from gateway.server.telemetry import Cause

_CONTROL = (
    PingAckReceived,
    PingReceived,
    PriorityUpdated,
    RemoteSettingsChanged,
    SettingsAcknowledged,
    UnknownFrameReceived,
    WindowUpdated,
)
# A client acknowledges what it reads with WINDOW_UPDATE, and sends bodies in pieces.
_GRANTED_PER_REQUEST = 20
# One frame of header fields, and one that is not complete.
_UNPRODUCTIVE_BYTES = 2 * 16 * 1024


class FloodGuard:
    """Tells floods from traffic: rapid reset (CVE-2023-44487), PING, SETTINGS, PRIORITY, empty frames, CONTINUATION.

    Each is cheap to send and costs us time or memory, and none is bounded by HTTP/2 itself (RFC 9113, 10.5).
    """

    def __init__(self, bounds: Bounds, now: float) -> None:
        self._resets = Budget(bounds.http2_max_resets, now)
        self._control = Budget(bounds.http2_max_control_frames, now)
        self._max_unproductive_bytes = 2 * bounds.max_header_bytes + _UNPRODUCTIVE_BYTES
        self._unproductive_bytes = 0

    def judge(self, received_bytes: int, events: list[Event], now: float) -> Cause | None:
        """What is wrong with the ``events`` that so many bytes have brought; None: nothing."""
        self._unproductive_bytes = 0 if events else self._unproductive_bytes + received_bytes
        if self._unproductive_bytes > self._max_unproductive_bytes:
            return Cause.HTTP2_HEADERS
        for event in events:
            if isinstance(event, RequestReceived):
                self._control.grant(_GRANTED_PER_REQUEST)
            elif isinstance(event, StreamReset):
                if not self._resets.spend(now):
                    return Cause.HTTP2_RESETS
            elif _is_control(event) and not self._control.spend(now):
                return Cause.HTTP2_CONTROL_FRAMES
        return None


def _is_control(event: Event) -> bool:
    if isinstance(event, DataReceived):
        return not event.data and event.stream_ended is None
    return isinstance(event, (*_CONTROL, TrailersReceived))
