"""HTTP/2: frames of any kind, in any pieces, neither exceed a window nor leave anything held."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from hpack import Decoder, Encoder
from hyperframe.frame import (
    ContinuationFrame,
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
_WINDOW_BYTES = 65_535
_MAX_FRAME_BYTES = 16_384
_MAX_PIECES = 600
#: Iterations of the event loop within which the responses to a few small requests are sent.
_RESPONSE_TURNS = 2_000
#: Types of frames that no specification defines, from here on.
_UNKNOWN_TYPES = 0x20
_INITIAL_WINDOW = SettingsFrame.INITIAL_WINDOW_SIZE


@dataclass(frozen=True)
class RawFrame:
    """A frame of any type, with any flags, stream and content."""

    kind: int
    flags: int
    stream_id: int
    body: bytes

    def serialize(self) -> bytes:
        head = len(self.body).to_bytes(3, "big") + bytes([self.kind, self.flags])
        return head + self.stream_id.to_bytes(4, "big") + self.body


@dataclass(frozen=True)
class Request:
    """A well-formed request.

    number: its place among the requests of the connection, from which its stream follows. response_bytes: how much is
    sent back. waits: iterations of the event loop before that. split: bytes of the header block in each frame.
    """

    number: int
    body: bytes = b""
    response_bytes: int = 10
    waits: int = 0
    split: int = _MAX_FRAME_BYTES

    @property
    def stream_id(self) -> int:
        return 2 * self.number + 1

    def frames(self, encoder: Encoder) -> list[Frame]:
        fields = [
            (":method", "POST" if self.body else "GET"),
            (":scheme", "http"),
            (":authority", "localhost"),
            (":path", f"/{self.number}"),
            ("x-order", f"{self.response_bytes} {self.waits}"),
        ]
        block = encoder.encode(fields)
        blocks = [block[start : start + self.split] for start in range(0, len(block), self.split)]
        head = HeadersFrame(self.stream_id, blocks[0])
        frames: list[Frame] = [head, *(ContinuationFrame(self.stream_id, each) for each in blocks[1:])]
        frames[-1].flags.add("END_HEADERS")
        if self.body:
            frames.append(DataFrame(self.stream_id, self.body, flags=["END_STREAM"]))
        else:
            head.flags.add("END_STREAM")
        return frames


@dataclass(frozen=True)
class Conversation:
    """What a client sends.

    items: requests, and frames beside them. changes: (position in thousandths, removed bytes, inserted bytes). cuts:
    ends of packets in thousandths. size: of packets instead. turns: iterations of the event loop between packets.
    """

    items: tuple[Request | Frame | RawFrame, ...]
    changes: tuple[tuple[int, int, bytes], ...]
    cuts: tuple[int, ...]
    size: int | None
    turns: int
    leaves: bool

    @property
    def requests(self) -> list[Request]:
        return [item for item in self.items if isinstance(item, Request)]

    @property
    def others(self) -> list[Frame | RawFrame]:
        return [item for item in self.items if not isinstance(item, Request)]

    @property
    def is_harmless(self) -> bool:
        """Whether every request must be answered: no frame beside them is a fault or withholds a window."""
        return not self.changes and not self.leaves and all(map(_is_harmless, self.others))

    def pieces(self) -> list[bytes]:
        text = self._text()
        if self.size is not None:
            size = max(self.size, len(text) // _MAX_PIECES)
            return [text[start : start + size] for start in range(0, len(text), size)]
        places = sorted({0, len(text), *(cut * len(text) // 1000 for cut in self.cuts)})
        return [text[start:end] for start, end in pairwise(places)]

    def _text(self) -> bytes:
        encoder, text = Encoder(), bytearray(SettingsFrame(0).serialize())
        for item in self.items:
            for frame in item.frames(encoder) if isinstance(item, Request) else [item]:
                text += frame.serialize()
        for place, size, insert in self.changes:
            start = place * len(text) // 1000
            text[start : start + size] = insert
        return _PREFACE + bytes(text)


def _is_harmless(frame: Frame | RawFrame) -> bool:
    match frame:
        case PingFrame():
            return True
        case RawFrame():
            return frame.kind >= _UNKNOWN_TYPES
        case WindowUpdateFrame():
            return frame.stream_id == 0 and 0 < frame.window_increment <= _WINDOW_BYTES
        case SettingsFrame():
            return "ACK" not in frame.flags and frame.settings.get(_INITIAL_WINDOW, _WINDOW_BYTES) == _WINDOW_BYTES
        case _:
            return False


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    order = next((value for name, value in scope["headers"] if name == b"x-order"), b"1 0")
    size, waits = (int(item) if item.isdigit() else 0 for item in (order.split(b" ") + [b"0"] * 2)[:2])
    while (event := await receive())["type"] != "http.disconnect" and event["more_body"]:
        pass
    for _ in range(min(waits, 50)):
        await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    body = b"." * min(size, 4 * _WINDOW_BYTES)
    await send({"type": "http.response.body", "body": body[:100], "more_body": True})
    await send({"type": "http.response.body", "body": body[100:]})


async def _feed(conversation: Conversation) -> None:
    edge = memory_edge(_app)
    last_turns = _RESPONSE_TURNS if conversation.is_harmless else conversation.turns
    received = await converse(
        edge, conversation.pieces(), turns=conversation.turns, last_turns=last_turns, leaves=conversation.leaves
    )
    assert edge.unsent.held_bytes == 0, "bytes of responses are counted after the end of their connection"
    await _check(conversation, received)


async def _check(conversation: Conversation, received: bytes) -> None:
    decoder, statuses, sent = Decoder(), dict[int, str](), Counter[int]()
    ended = set[int]()
    for frame in _frames(received):
        await asyncio.sleep(0)  # parsing the responses must not count as a step
        assert frame.body_len <= _MAX_FRAME_BYTES
        if isinstance(frame, HeadersFrame):
            assert frame.stream_id not in statuses, "two responses on one stream"
            fields = dict(decoder.decode(frame.data, raw=True))
            statuses[frame.stream_id] = fields[b":status"].decode()
        elif isinstance(frame, DataFrame):
            assert frame.stream_id in statuses
            assert frame.stream_id not in ended
            sent[frame.stream_id] += frame.flow_controlled_length
        if isinstance(frame, HeadersFrame | DataFrame) and "END_STREAM" in frame.flags:
            ended.add(frame.stream_id)
    if not conversation.changes:
        _check_windows(conversation, sent)
    if conversation.is_harmless:
        for request in conversation.requests:
            assert statuses.get(request.stream_id) == "200"
            # Windows are never opened for a stream, so that a larger response stops there.
            assert sent[request.stream_id] == min(request.response_bytes, _WINDOW_BYTES) or _fills(conversation, sent)


def _check_windows(conversation: Conversation, sent: Counter[int]) -> None:
    """Asserts that the server has sent no more than all that the client has ever allowed (RFC 9113, 6.9)."""
    initial = _WINDOW_BYTES
    opened = Counter[int]()
    for frame in conversation.others:
        if isinstance(frame, SettingsFrame):
            initial = max(initial, frame.settings.get(_INITIAL_WINDOW, 0))
        elif isinstance(frame, WindowUpdateFrame):
            opened[frame.stream_id] += frame.window_increment
    assert sum(sent.values()) <= _WINDOW_BYTES + opened[0]
    for stream_id, size in sent.items():
        assert size <= initial + opened[stream_id]


def _fills(conversation: Conversation, sent: Counter[int]) -> bool:
    """Whether the responses together take the window of the connection, which they share."""
    opened = sum(frame.window_increment for frame in conversation.others if isinstance(frame, WindowUpdateFrame))
    return sum(sent.values()) == _WINDOW_BYTES + opened


def _frames(received: bytes) -> list[Frame]:
    frames = []
    while len(received) >= 9:
        frame, length = Frame.parse_frame_header(memoryview(received[:9]))
        assert len(received) >= 9 + length, "half a frame"
        frame.parse_body(memoryview(received[9 : 9 + length]))
        frames.append(frame)
        received = received[9 + length :]
    assert not received, "half a frame"
    return frames


_streams = st.sampled_from([1, 2, 3, 5, 7, 99])
_any_stream = st.just(0) | _streams
_sizes = st.sampled_from([0, 1, 100, _WINDOW_BYTES, 2**31 - 1])
_harmless_frames = st.one_of(
    st.builds(PingFrame, st.just(0), st.binary(min_size=8, max_size=8)),
    st.builds(lambda size: WindowUpdateFrame(0, size), st.sampled_from([1, 100, _WINDOW_BYTES])),
    st.builds(RawFrame, st.integers(_UNKNOWN_TYPES, 0xFF), st.integers(0, 0xFF), _any_stream, st.binary(max_size=60)),
)
#: The last but one makes frames of known types, too, with any stream and any content.
_any_frames = st.one_of(
    st.builds(WindowUpdateFrame, _any_stream, _sizes),
    st.builds(
        lambda size: SettingsFrame(0, {_INITIAL_WINDOW: size}), st.sampled_from([0, 1, 100, _WINDOW_BYTES, 2**20])
    ),
    st.builds(lambda key, value: SettingsFrame(0, {key: value}), st.integers(1, 10), st.integers(0, 2**32 - 1)),
    st.just(SettingsFrame(0, flags=["ACK"])),
    st.builds(RstStreamFrame, _streams, st.sampled_from([0, 5, 8])),
    st.builds(lambda stream, other: PriorityFrame(stream, other, 1), _streams, _streams),
    st.builds(DataFrame, _streams, st.binary(max_size=300)),
    st.builds(lambda stream, data: HeadersFrame(stream, data, flags=["END_HEADERS"]), _streams, st.binary(max_size=40)),
    st.builds(ContinuationFrame, _streams, st.binary(max_size=40)),
    st.builds(lambda last, code: GoAwayFrame(0, last, code), _any_stream, st.sampled_from([0, 2])),
    st.builds(RawFrame, st.integers(0, 0xFF), st.integers(0, 0xFF), _any_stream, st.binary(max_size=60)),
    _harmless_frames,
)
_orders = st.tuples(
    st.one_of(st.just(b""), st.binary(min_size=1, max_size=600)),
    st.sampled_from([0, 1, 10, 5000, _WINDOW_BYTES, 3 * _WINDOW_BYTES]),
    st.integers(0, 20),
    st.sampled_from([7, 40, _MAX_FRAME_BYTES]),
)


@st.composite
def _items(draw: st.DrawFn) -> tuple[Request | Frame | RawFrame, ...]:
    items: list[Request | Frame | RawFrame] = []
    number = 0
    others = draw(st.sampled_from([_harmless_frames, _any_frames]))
    for item in draw(st.lists(st.one_of(_orders, others), max_size=14)):
        if isinstance(item, tuple):
            items.append(Request(number, *item))
            number += 1
        else:
            items.append(item)
    return tuple(items)


_conversations = st.builds(
    Conversation,
    items=_items(),
    changes=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 30), st.binary(max_size=30)), max_size=2).map(
        tuple
    ),
    cuts=st.lists(st.integers(0, 1000), max_size=8).map(tuple),
    size=st.one_of(st.none(), st.integers(1, 200)),
    turns=st.integers(0, 12),
    leaves=st.booleans(),
)

TARGET = Target(name="http2-frames", inputs=_conversations, feed=_feed)
