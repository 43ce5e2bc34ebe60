"""HTTP/2: flow control in both directions, resets, malformed streams, and what the flood guard counts.

A client that obeys the rules of the connection gets every response that it has not cancelled, complete, and never more
than its windows allow. Nothing is held for it afterwards.
"""

from collections import Counter
from dataclasses import dataclass

from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from tests.fuzz.memory_connection import converse, memory_edge
from tests.fuzz.target import Target

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FIRST_WINDOW = 65_535
#: Opens all windows in the end, without exceeding the largest window (RFC 9113, 6.9.1).
_OPENING = 2**24
_LARGEST_BODY = 100_000
#: Packets that follow, each of which lets the server send what it can.
_LAST_PIECES = 40
_MALFORMED = (b"te", b"gzip")

Step = tuple[str, int, int]


@dataclass(frozen=True)
class Conversation:
    """The bytes of a client.

    steps: (kind, index of the stream, amount). size: of each packet; None: one packet for each step. turns: iterations
    of the event loop between packets. noise: (position in thousandths, inserted bytes); with noise, only the invariants
    of every target are checked.
    """

    steps: tuple[Step, ...]
    size: int | None
    turns: int
    noise: tuple[int, bytes] | None


class _Client:
    """Makes the frames of each step, and records what the server may and must send."""

    def __init__(self) -> None:
        self.encoder = Encoder()
        self.requests: dict[int, int] = {}
        self.gone: set[int] = set()
        self.uploading: set[int] = set()
        self.stream_room: Counter[int] = Counter()
        self.connection_room = _FIRST_WINDOW
        self.initial_windows = [_FIRST_WINDOW]
        self.pieces: list[bytes] = [_PREFACE + SettingsFrame(0).serialize()]

    def do(self, step: Step) -> None:
        kind, which, amount = step
        frames: list[Frame] = getattr(self, f"_{kind}")(which, amount)
        self.pieces.append(b"".join(frame.serialize() for frame in frames))

    def finish(self) -> None:
        """Opens all windows, ends all requests, and sends packets that let the server send."""
        frames: list[Frame] = [DataFrame(stream_id, flags=["END_STREAM"]) for stream_id in sorted(self.uploading)]
        self.initial_windows.append(_OPENING)
        frames.append(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: _OPENING}))
        frames.append(WindowUpdateFrame(0, window_increment=_OPENING))
        self.connection_room += _OPENING
        self.pieces.append(b"".join(frame.serialize() for frame in frames))
        self.pieces += [PingFrame(0, opaque_data=b"12345678").serialize()] * _LAST_PIECES

    def _known(self, which: int) -> int | None:
        streams = sorted(self.requests.keys() - self.gone)
        return streams[which % len(streams)] if streams else None

    def _headers(self, amount: int, *more: tuple[bytes, bytes], ends: bool) -> list[Frame]:
        stream_id = 2 * len(self.requests) + 1
        self.requests[stream_id] = amount
        fields = [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/%d" % amount)]
        flags = ["END_HEADERS", "END_STREAM"] if ends else ["END_HEADERS"]
        return [HeadersFrame(stream_id, data=self.encoder.encode([*fields, *more]), flags=flags)]

    def _request(self, _which: int, amount: int) -> list[Frame]:
        return self._headers(amount % _LARGEST_BODY, ends=True)

    def _upload(self, _which: int, amount: int) -> list[Frame]:
        frames = self._headers(amount % 1000, ends=False)
        stream_id = max(self.requests)
        self.uploading.add(stream_id)
        return [*frames, DataFrame(stream_id, data=bytes(amount % 1000))]

    def _malformed(self, _which: int, amount: int) -> list[Frame]:
        frames = self._headers(amount % 1000, _MALFORMED, ends=True)
        self.gone.add(max(self.requests))
        return frames

    def _reset(self, which: int, _amount: int) -> list[Frame]:
        stream_id = self._known(which)
        if stream_id is None:
            return []
        self.gone.add(stream_id)
        self.uploading.discard(stream_id)
        return [RstStreamFrame(stream_id, error_code=8)]

    def _window(self, which: int, amount: int) -> list[Frame]:
        stream_id = self._known(which) or 0
        amount = max(1, amount % _LARGEST_BODY)
        if stream_id:
            self.stream_room[stream_id] += amount
        else:
            self.connection_room += amount
        return [WindowUpdateFrame(stream_id, window_increment=amount)]

    def _connection_window(self, _which: int, amount: int) -> list[Frame]:
        amount = max(1, amount % _LARGEST_BODY)
        self.connection_room += amount
        return [WindowUpdateFrame(0, window_increment=amount)]

    def _settings(self, _which: int, amount: int) -> list[Frame]:
        self.initial_windows.append(amount)
        return [SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: amount})]

    def _priority(self, which: int, amount: int) -> list[Frame]:
        return [PriorityFrame(which * 2 + 1, depends_on=2 * (amount % 50))]

    def _nothing(self, which: int, _amount: int) -> list[Frame]:
        stream_id = self._known(which)
        if stream_id is None:
            return []
        self.gone.add(stream_id)
        self.uploading.discard(stream_id)
        return [_NoIncrement(stream_id)]


class _NoIncrement(WindowUpdateFrame):
    """A WINDOW_UPDATE that hyperframe refuses to make."""

    def __init__(self, stream_id: int) -> None:
        super().__init__(stream_id, window_increment=0)


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the request, and responds with as many bytes as the path says, in pieces if they are many."""
    while (event := await receive())["type"] != "http.disconnect" and event["more_body"]:
        pass
    size = int(scope["path"].removeprefix("/") or 0)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if size > _LARGEST_BODY // 2:
        for start in range(0, size, 10_000):
            piece = bytes(min(10_000, size - start))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        size = 0
    await send({"type": "http.response.body", "body": bytes(size)})


async def _feed(conversation: Conversation) -> None:
    client = _Client()
    for step in conversation.steps:
        client.do(step)
    client.finish()
    pieces = client.pieces
    if conversation.noise is not None or conversation.size is not None:
        text = b"".join(pieces)
        if conversation.noise is not None:
            place = conversation.noise[0] * len(text) // 1000
            text = text[:place] + conversation.noise[1] + text[place:]
        size = max(conversation.size or len(text), len(text) // 500 + 1)
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        pieces += [b""] if conversation.noise else [PingFrame(0, opaque_data=b"12345678").serialize()] * _LAST_PIECES
    edge = memory_edge(_app, http2_max_control_frames=1000, http2_max_resets=1000)
    received = await converse(edge, [piece for piece in pieces if piece], turns=conversation.turns)
    assert edge.unsent.held_bytes == 0, "bytes of responses are counted after the end of their connection"
    if conversation.noise is None:
        _check(client, received)


def _check(client: _Client, received: bytes) -> None:
    bodies: Counter[int] = Counter()
    ended: set[int] = set()
    reset: set[int] = set()
    decoder, data = Decoder(), memoryview(received)
    while len(data) >= 9:
        frame, length = Frame.parse_frame_header(data[:9])
        frame.parse_body(data[9 : 9 + length])
        data = data[9 + length :]
        assert not isinstance(frame, GoAwayFrame) or frame.error_code == 0, frame
        if isinstance(frame, HeadersFrame):
            decoder.decode(frame.data)
        elif isinstance(frame, DataFrame):
            bodies[frame.stream_id] += len(frame.data)
        elif isinstance(frame, RstStreamFrame) and frame.error_code:
            reset.add(frame.stream_id)
        if "END_STREAM" in frame.flags:
            ended.add(frame.stream_id)
    assert sum(bodies.values()) <= client.connection_room
    for stream_id, size in client.requests.items():
        assert bodies[stream_id] <= max(client.initial_windows) + client.stream_room[stream_id]
        if stream_id not in client.gone:
            assert stream_id not in reset
            assert stream_id in ended
            assert bodies[stream_id] == size


STEPS = st.tuples(
    st.sampled_from(
        [
            "request",
            "request",
            "request",
            "upload",
            "malformed",
            "reset",
            "window",
            "window",
            "connection_window",
            "settings",
            "priority",
            "nothing",
        ]
    ),
    st.integers(0, 30),
    st.one_of(st.integers(0, 3), st.integers(0, _LARGEST_BODY), st.sampled_from([16_384, _FIRST_WINDOW])),
)
CONVERSATIONS = st.builds(
    Conversation,
    steps=st.lists(STEPS, max_size=40).map(tuple),
    size=st.sampled_from([None, None, 1, 9, 50, 1000, 65_536]),
    turns=st.integers(2, 5),
    noise=st.one_of(st.none(), st.none(), st.tuples(st.integers(0, 999), st.binary(min_size=1, max_size=30))),
)
TARGET = Target(name="http2", inputs=CONVERSATIONS, feed=_feed)
