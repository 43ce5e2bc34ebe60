from gateway.server.bounds import Bounds
from gateway.server.flood_guard import FloodGuard
from gateway.server.telemetry import Cause
from h2.events import DataReceived, Event, PingReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated

from tests.integration.gateway.server.edge import BOUNDS

PING: Event = PingReceived(ping_data=b"12345678")
REQUEST: Event = RequestReceived(stream_id=1)
RESET: Event = StreamReset(stream_id=1)
WINDOW: Event = WindowUpdated(stream_id=1)


def guard() -> FloodGuard:
    return FloodGuard(Bounds(**BOUNDS | {"http2_max_resets": 3, "http2_max_control_frames": 5}), now=0.0)


def test_requests_are_no_flood() -> None:
    assert guard().judge(4096, [REQUEST] * 1000, 0.0) is None


def test_frames_beside_requests_are_counted() -> None:
    watching = guard()
    assert watching.judge(85, [PING] * 5, 0.0) is None
    assert watching.judge(17, [PING], 0.0) is Cause.HTTP2_CONTROL_FRAMES


def test_each_request_comes_with_some() -> None:
    watching = guard()
    assert watching.judge(4096, [REQUEST, WINDOW, WINDOW, WINDOW, WINDOW] * 100, 0.0) is None


def test_requests_that_are_called_off_are_counted() -> None:
    watching = guard()
    assert watching.judge(100, [REQUEST, RESET] * 3, 0.0) is None
    assert watching.judge(100, [REQUEST, RESET], 0.0) is Cause.HTTP2_RESETS
    assert watching.judge(100, [REQUEST, RESET], 10.0) is None


def test_a_body_counts_only_where_it_is_empty_and_goes_on() -> None:
    piece, last = DataReceived(stream_id=1, data=b"x"), DataReceived(stream_id=1, data=b"")
    last.stream_ended = StreamEnded(stream_id=1)
    assert guard().judge(4096, [piece, last] * 100, 0.0) is None
    assert guard().judge(4096, [DataReceived(stream_id=1, data=b"")] * 6, 0.0) is Cause.HTTP2_CONTROL_FRAMES


def test_bytes_that_lead_to_nothing_are_counted() -> None:
    watching = guard()
    largest = 2 * BOUNDS["max_header_bytes"]
    assert watching.judge(largest, [], 0.0) is None
    assert watching.judge(1, [REQUEST], 0.0) is None
    assert watching.judge(largest, [], 0.0) is None
    assert watching.judge(largest + 1, [], 0.0) is Cause.HTTP2_HEADERS
