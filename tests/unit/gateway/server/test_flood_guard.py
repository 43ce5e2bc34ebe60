from dataclasses import dataclass

from gateway.server.bounds import Bounds
from gateway.server.flood_guard import FloodGuard
from gateway.server.telemetry import Cause
from h2.events import (
    DataReceived,
    Event,
    PingAckReceived,
    PingReceived,
    PriorityUpdated,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from service_kit.http2 import LateData, StreamFault

from tests.integration.gateway.server.edge import BOUNDS

PING: Event = PingReceived(ping_data=b"12345678")
REQUEST: Event = RequestReceived(stream_id=1)
RESET: Event = StreamReset(stream_id=1)
FAULT: Event = StreamFault(stream_id=1, error_code=1, remote_reset=False)
WINDOW: Event = WindowUpdated(stream_id=1)


@dataclass
class Begun:
    began_at: float


class Guarded:
    """A guard, and what its connection passes to it."""

    def __init__(self) -> None:
        bounds = Bounds(**BOUNDS | {"http2_max_resets": 3, "http2_max_control_frames": 5, "http2_max_streams": 2})
        self.guard = FloodGuard(bounds, now=0.0)
        self.sent_bytes = 0
        self.begun: dict[int, Begun] = {}

    def judge(self, events: list[Event], now: float = 0.0, received_bytes: int = 100) -> Cause | None:
        return self.guard.judge(received_bytes, events, now, self.sent_bytes, self.begun)


def test_requests_are_no_flood() -> None:
    assert Guarded().judge([REQUEST] * 1000) is None


def test_control_frames_are_counted() -> None:
    for frame in (PING, WINDOW, PingAckReceived(ping_data=b""), RemoteSettingsChanged(), PriorityUpdated()):
        guarded = Guarded()
        assert guarded.judge([frame] * 5) is None
        assert guarded.judge([frame]) is Cause.HTTP2_CONTROL_FRAMES


def test_each_request_pays_for_some_control_frames() -> None:
    assert Guarded().judge([REQUEST, WINDOW, WINDOW, WINDOW, WINDOW] * 100) is None


def test_sent_bytes_pay_for_window_updates_and_pings() -> None:
    guarded = Guarded()
    guarded.sent_bytes = 15_000_000
    assert guarded.judge([WINDOW, WINDOW] * 1000 + [PING] * 100) is None
    guarded.sent_bytes += 256 * 10
    paid = 15_000_000 // 256 - 2_100 + 10
    assert guarded.judge([WINDOW] * (paid + 5)) is None
    assert guarded.judge([WINDOW]) is Cause.HTTP2_CONTROL_FRAMES


def test_sent_bytes_pay_for_no_other_frames() -> None:
    guarded = Guarded()
    guarded.sent_bytes = 15_000_000
    assert guarded.judge([RemoteSettingsChanged()] * 6) is Cause.HTTP2_CONTROL_FRAMES


def test_single_sent_bytes_pay_for_little() -> None:
    guarded = Guarded()
    causes = []
    for _ in range(20):
        guarded.sent_bytes += 1
        causes.append(guarded.judge([WINDOW]))
    assert causes == [None] * 5 + [Cause.HTTP2_CONTROL_FRAMES] * 15


def test_cancelled_requests_are_counted() -> None:
    for reset in (RESET, FAULT):
        guarded = Guarded()
        assert guarded.judge([REQUEST, reset] * 3) is None
        assert guarded.judge([REQUEST, reset]) is Cause.HTTP2_RESETS
        assert guarded.judge([REQUEST, reset], now=10.0) is None


def test_request_in_progress_for_long_may_be_cancelled() -> None:
    guarded = Guarded()
    guarded.begun[1] = Begun(began_at=0.0)
    assert guarded.judge([RESET] * 10, now=1.5) is None
    assert guarded.judge([RESET] * 10, now=0.5) is Cause.HTTP2_RESETS


def test_each_response_pays_for_one_cancelled_request() -> None:
    guarded = Guarded()
    for _ in range(20):
        assert guarded.judge([REQUEST, REQUEST, RESET]) is None
        guarded.guard.answered()


def test_requests_beyond_the_maximum_have_a_budget_of_their_own() -> None:
    guarded = Guarded()
    assert [guarded.guard.refused(0.0) for _ in range(20)] == [None] * 20
    assert guarded.guard.refused(0.0) is Cause.HTTP2_RESETS


def test_only_empty_data_frames_before_the_last_are_counted() -> None:
    piece, last = DataReceived(stream_id=1, data=b"x"), DataReceived(stream_id=1, data=b"")
    last.stream_ended = StreamEnded(stream_id=1)
    assert Guarded().judge([piece, last] * 100) is None
    assert Guarded().judge([DataReceived(stream_id=1, data=b"")] * 6) is Cause.HTTP2_CONTROL_FRAMES


def test_rest_of_a_body_may_arrive_after_its_response() -> None:
    guarded = Guarded()
    for _ in range(10):
        guarded.guard.cut_short()
    assert guarded.judge([LateData(stream_id=1, size_bytes=16_384)] * 40) is None
    assert guarded.judge([LateData(stream_id=1, size_bytes=16_384)] * 5) is Cause.HTTP2_CONTROL_FRAMES


def test_bytes_without_any_event_are_counted() -> None:
    guarded = Guarded()
    largest = 2 * BOUNDS["max_header_bytes"] + 32 * 1024
    assert guarded.judge([], received_bytes=largest) is None
    assert guarded.judge([REQUEST], received_bytes=1) is None
    assert guarded.judge([], received_bytes=largest) is None
    assert guarded.judge([], received_bytes=1) is Cause.HTTP2_HEADERS
