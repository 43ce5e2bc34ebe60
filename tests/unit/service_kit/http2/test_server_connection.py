"""A fault of one stream ends only that stream, and not the windows or header compression of the connection."""

from collections.abc import Iterable

import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, Event, RequestReceived, StreamReset
from h2.exceptions import ProtocolError
from hpack import Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from service_kit.http2 import Http2ServerConnection, LateData, StreamFault

Field = tuple[bytes, bytes]

GET: list[Field] = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/")]
POST: list[Field] = [(b":method", b"POST"), *GET[1:]]


class Peer:
    """A client that sends any frames, and the server's connection that receives them."""

    def __init__(self) -> None:
        self.server = Http2ServerConnection()
        self.server.initiate_connection()
        self.encoder = Encoder()
        self.send_bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize())

    def send_bytes(self, data: bytes) -> list[Event]:
        return self.server.receive_data(data)

    def send(self, *frames: Frame) -> list[Event]:
        return self.send_bytes(b"".join(frame.serialize() for frame in frames))

    def headers(self, stream_id: int, fields: Iterable[Field], *, ends: bool = True) -> HeadersFrame:
        flags = ["END_HEADERS", "END_STREAM"] if ends else ["END_HEADERS"]
        return HeadersFrame(stream_id, data=self.encoder.encode(list(fields)), flags=flags)

    def sent(self) -> list[Frame]:
        """Returns the frames that the server has sent since the last call."""
        data, frames = memoryview(self.server.data_to_send()), []
        while data:
            frame, length = Frame.parse_frame_header(data[:9])
            frame.parse_body(data[9 : 9 + length])
            frames.append(frame)
            data = data[9 + length :]
        return frames

    def assert_serves(self, stream_id: int) -> None:
        """Checks that a request on a stream is received, with the current state of HPACK."""
        events = self.send(self.headers(stream_id, GET))
        assert [event.headers for event in events if isinstance(event, RequestReceived)] == [GET]
        self.server.send_headers(stream_id, [(b":status", b"204")], end_stream=True)


MALFORMED: dict[str, list[Field]] = {
    "te": [*GET, (b"te", b"gzip")],
    "upper case": [*GET, (b"X-Upper", b"a")],
    "blank in a name": [*GET, (b"x y", b"a")],
    "colon in a name": [*GET, (b"x:y", b"a")],
    "empty name": [*GET, (b"", b"a")],
    "blank at the end": [*GET, (b"x", b"a ")],
    "tab at the beginning": [*GET, (b"x", b"\ta")],
    "NUL": [*GET, (b"x", b"a\0b")],
    "CR": [*GET, (b"x", b"a\rb")],
    "LF": [*GET, (b"x", b"a\nb")],
    "LF at the end": [*GET, (b"x", b"a\n")],
    "connection": [*GET, (b"connection", b"close")],
    "proxy-connection": [*GET, (b"proxy-connection", b"close")],
    "keep-alive": [*GET, (b"keep-alive", b"1")],
    "transfer-encoding": [*GET, (b"transfer-encoding", b"chunked")],
    "upgrade": [*GET, (b"upgrade", b"h2c")],
    "pseudo twice": [*GET, (b":path", b"/")],
    "pseudo behind a regular field": [*GET[:3], (b"x", b"a"), GET[3]],
    "unknown pseudo": [*GET, (b":protocol", b"websocket")],
    "status": [*GET, (b":status", b"200")],
    "informational status": [*GET, (b":status", b"100")],
    "no method": GET[1:],
    "empty method": [(b":method", b""), *GET[1:]],
    "no scheme": [GET[0], *GET[2:]],
    "empty scheme": [GET[0], (b":scheme", b""), *GET[2:]],
    "scheme with a slash": [GET[0], (b":scheme", b"http://"), *GET[2:]],
    "no path": GET[:3],
    "empty path": [*GET[:3], (b":path", b"")],
    "NUL in the path": [*GET[:3], (b":path", b"/\0")],
    "CONNECT with a path": [(b":method", b"CONNECT"), *GET[1:]],
    "CONNECT without an authority": [(b":method", b"CONNECT")],
    "another host": [*GET, (b"host", b"b")],
    "host twice": [*GET, (b"host", b"a"), (b"host", b"a")],
    "length that is no number": [*GET, (b"content-length", b"x")],
    "negative length": [*GET, (b"content-length", b"-1")],
    "lengths that differ": [*POST, (b"content-length", b"1"), (b"content-length", b"2")],
    "length twice": [*GET, (b"content-length", b"0"), (b"content-length", b"0")],
    "length of a body that does not come": [*POST, (b"content-length", b"1")],
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED)
def test_malformed_request_ends_only_its_stream(fields: list[Field]) -> None:
    peer = Peer()
    peer.send(peer.headers(1, POST, ends=False))
    peer.sent()
    events = peer.send(peer.headers(3, fields))
    assert [(type(event), event.stream_id) for event in events if hasattr(event, "stream_id")] == [(StreamFault, 3)]
    resets = [(frame.stream_id, frame.error_code) for frame in peer.sent() if isinstance(frame, RstStreamFrame)]
    assert resets == [(3, ErrorCodes.PROTOCOL_ERROR)]
    peer.assert_serves(5)
    assert any(isinstance(event, DataReceived) for event in peer.send(DataFrame(1, data=b"x", flags=["END_STREAM"])))
    assert not any(isinstance(frame, GoAwayFrame) for frame in peer.sent())


def test_frames_after_a_stream_fault_are_ignored() -> None:
    peer = Peer()
    peer.send(peer.headers(1, [*POST, (b"te", b"gzip")], ends=False))
    events = peer.send(DataFrame(1, data=b"x" * 1000), peer.headers(1, [(b"x-trailer", b"a")]))
    assert not any(isinstance(event, DataReceived | RequestReceived) for event in events)
    peer.assert_serves(3)


@pytest.mark.parametrize(
    ("fields", "pieces"),
    [
        ([(b"content-length", b"2")], [b"abc"]),
        ([(b"content-length", b"2")], [b"ab", b"c"]),
        ([(b"content-length", b"4")], [b"abc"]),
        ([(b"content-length", b"0")], [b"a"]),
    ],
)
def test_body_of_another_length_than_announced_ends_only_its_stream(fields: list[Field], pieces: list[bytes]) -> None:
    peer = Peer()
    peer.send(peer.headers(1, [*POST, *fields], ends=False))
    frames = [DataFrame(1, data=piece) for piece in pieces]
    frames[-1].flags.add("END_STREAM")
    events = peer.send(*frames)
    assert isinstance(events[-1], StreamFault)
    peer.assert_serves(3)


def test_body_that_trailers_end_too_early_ends_only_its_stream() -> None:
    peer = Peer()
    peer.send(peer.headers(1, [*POST, (b"content-length", b"4")], ends=False))
    events = peer.send(DataFrame(1, data=b"abc"), peer.headers(1, [(b"x-trailer", b"a")]))
    assert isinstance(events[-1], StreamFault)
    peer.assert_serves(3)


@pytest.mark.parametrize(
    ("fields", "ends"),
    [
        ([(b":path", b"/")], True),
        ([(b"X", b"a")], True),
        ([(b"x", b"a\n")], True),
        ([(b"connection", b"close")], True),
        ([(b"x", b"a")], False),
    ],
)
def test_malformed_trailers_end_only_their_stream(fields: list[Field], ends: bool) -> None:
    peer = Peer()
    peer.send(peer.headers(1, POST, ends=False))
    assert isinstance(peer.send(peer.headers(1, fields, ends=ends))[-1], StreamFault)
    peer.assert_serves(3)


def test_well_formed_trailers_are_accepted() -> None:
    peer = Peer()
    peer.send(peer.headers(1, [*POST, (b"content-length", b"3")], ends=False))
    events = peer.send(DataFrame(1, data=b"abc"), peer.headers(1, [(b"x-trailer", b"a")]))
    assert not any(isinstance(event, StreamReset) for event in events)


@pytest.mark.parametrize(
    "frame",
    [
        b"\0\0\x04\x08\0\0\0\0\x01\0\0\0\0",  # WINDOW_UPDATE by nothing
        b"\0\0\x04\x02\0\0\0\0\x01\0\0\0\0",  # PRIORITY of four bytes
        b"\0\0\x05\x02\0\0\0\0\x01\0\0\0\x01\x0f",  # PRIORITY on itself
        b"\0\0\x04\x08\0\0\0\0\x01\x7f\xff\xff\xff",  # WINDOW_UPDATE beyond what a window may be
    ],
)
def test_frame_with_a_stream_error_ends_only_its_stream(frame: bytes) -> None:
    peer = Peer()
    peer.send(peer.headers(1, POST, ends=False))
    peer.sent()
    events = peer.send_bytes(frame)
    assert isinstance(events[-1], StreamReset)
    assert [kind for kind in peer.sent() if isinstance(kind, RstStreamFrame)]
    peer.assert_serves(3)
    assert not any(isinstance(event, DataReceived) for event in peer.send(DataFrame(1, data=b"x")))


def test_body_after_the_end_of_its_request_ends_the_stream_once() -> None:
    peer = Peer()
    peer.send(peer.headers(1, POST))
    peer.sent()
    events = [event for _ in range(3) for event in peer.send(DataFrame(1, data=b"x"))]
    resets = [frame.error_code for frame in peer.sent() if isinstance(frame, RstStreamFrame)]
    assert resets == [ErrorCodes.STREAM_CLOSED]
    assert [type(event) for event in events] == [StreamReset, LateData, LateData, LateData]
    peer.assert_serves(3)


def test_exceeded_stream_window_ends_only_the_stream() -> None:
    peer = Peer()
    peer.server.increment_flow_control_window(2**20)
    peer.send(peer.headers(1, POST, ends=False))
    pieces = [DataFrame(1, data=bytes(16384)) for _ in range(5)]
    assert any(isinstance(event, StreamFault) for event in peer.send(*pieces))
    peer.assert_serves(3)


def test_faults_on_one_stream_do_not_exhaust_the_connection_window() -> None:
    peer = Peer()
    for stream_id in range(1, 401, 2):
        peer.send(peer.headers(stream_id, [*POST, (b"content-length", b"1")], ends=False))
        peer.send(DataFrame(stream_id, data=bytes(10_000)))
    assert peer.server.inbound_flow_control_window > 32_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (
            HeadersFrame(1, data=b"\xff\xff\xff\xff\xff", flags=["END_HEADERS"]).serialize(),
            ErrorCodes.COMPRESSION_ERROR,
        ),
        (DataFrame(1, data=b"x").serialize(), ErrorCodes.PROTOCOL_ERROR),
        (HeadersFrame(2, data=b"\x82", flags=["END_HEADERS"]).serialize(), ErrorCodes.PROTOCOL_ERROR),
        (RstStreamFrame(1).serialize(), ErrorCodes.PROTOCOL_ERROR),
        (b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0", ErrorCodes.PROTOCOL_ERROR),
        (WindowUpdateFrame(1, window_increment=1).serialize(), ErrorCodes.PROTOCOL_ERROR),
        (b"\0\x40\x01\0\0\0\0\0\x01" + bytes(0x4001), ErrorCodes.FRAME_SIZE_ERROR),
        (b"\0\0\x05\x04\0\0\0\0\0\0\0\0\0\0", ErrorCodes.FRAME_SIZE_ERROR),
        (b"\0\0\x08\x06\0\0\0\0\x01pingpong", ErrorCodes.PROTOCOL_ERROR),
    ],
    ids=[
        "HPACK",
        "DATA on an idle stream",
        "HEADERS on an even stream",
        "RST_STREAM on an idle stream",
        "WINDOW_UPDATE of the connection by nothing",
        "WINDOW_UPDATE on an idle stream",
        "a frame too large",
        "SETTINGS of five bytes",
        "PING on a stream",
    ],
)
def test_connection_error_ends_the_connection(data: bytes, code: ErrorCodes) -> None:
    peer = Peer()
    peer.sent()
    with pytest.raises(ProtocolError):
        peer.send_bytes(data)
    (goodbye,) = (frame for frame in peer.sent() if isinstance(frame, GoAwayFrame))
    assert goodbye.error_code == code


def test_faulty_priority_on_a_stream_that_has_not_begun_is_ignored() -> None:
    peer = Peer()
    peer.send(PriorityFrame(1, depends_on=1))
    assert not any(isinstance(frame, RstStreamFrame) for frame in peer.sent())
    peer.assert_serves(1)


def test_client_that_sends_goaway_without_error_gets_its_responses() -> None:
    peer = Peer()
    peer.send(peer.headers(1, GET))
    (event,) = peer.send(GoAwayFrame(0, last_stream_id=0, error_code=ErrorCodes.NO_ERROR))
    assert isinstance(event, ConnectionTerminated)
    peer.server.send_headers(1, [(b":status", b"204")], end_stream=True)
    assert any(isinstance(frame, HeadersFrame) for frame in peer.sent())


def test_cookie_crumbs_are_joined() -> None:
    peer = Peer()
    (event, *_) = peer.send(peer.headers(1, [*GET, (b"cookie", b"a=1"), (b"cookie", b"b=2")]))
    assert isinstance(event, RequestReceived)
    assert (b"cookie", b"a=1; b=2") in list(event.headers or ())
