"""HTTP/1: a connection's requests, in any pieces, are answered one by one, and the connection ends properly."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import h11
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from tests.fuzz.memory_connection import converse, memory_edge
from tests.fuzz.target import Target

_MAX_PIECES = 600


@dataclass(frozen=True)
class Sent:
    """One complete request.

    number: in its path, and in the body of the response. waits: iterations of the event loop before the response.
    reads: whether the response comes only after the body. is_last: whether the client sends Connection: close.
    chunks: the sizes of the body's chunks; None: Content-Length. empty_lines: sent before the request.
    """

    number: int
    method: bytes
    version: bytes
    body: bytes
    chunks: tuple[int, ...] | None
    is_last: bool
    expects_continue: bool
    reads: bool
    streams: bool
    waits: int
    empty_lines: int

    @property
    def ends_connection(self) -> bool:
        return self.is_last or self.version == b"1.0"

    @property
    def may_be_unread(self) -> bool:
        """Whether a part of it may still arrive after the response."""
        return not self.reads and (bool(self.body) or self.is_chunked)

    @property
    def is_chunked(self) -> bool:
        return self.chunks is not None and self.version == b"1.1"

    @property
    def text(self) -> bytes:
        lines = [b"%s /%d HTTP/%s" % (self.method, self.number, self.version), b"Host: localhost"]
        lines.append(b"X-Order: %d %d %d" % (self.reads, self.streams, self.waits))
        if self.is_last:
            lines.append(b"Connection: close")
        if self.expects_continue:
            lines.append(b"Expect: 100-continue")
        if self.is_chunked:
            lines.append(b"Transfer-Encoding: chunked")
        elif self.body or self.method == b"POST":
            lines.append(b"Content-Length: %d" % len(self.body))
        body = _chunked(self.body, self.chunks or ()) if self.is_chunked else self.body
        return b"\r\n" * self.empty_lines + b"\r\n".join([*lines, b"", body])


def _chunked(body: bytes, sizes: Sequence[int]) -> bytes:
    pieces, start = [], 0
    for size in sizes:
        if piece := body[start : start + size]:
            pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        start += size
    if rest := body[start:]:
        pieces.append(b"%x;extension\r\n%s\r\n" % (len(rest), rest))
    return b"".join([*pieces, b"0\r\n\r\n"])


@dataclass(frozen=True)
class Conversation:
    """The bytes of a client: requests, then ``tail``, which holds no request, with some changes.

    changes: (position in thousandths, removed bytes, inserted bytes). cuts: ends of packets in thousandths.
    turns: iterations of the event loop between packets. leaves: the client aborts the connection without waiting.
    """

    requests: tuple[Sent, ...]
    tail: bytes
    changes: tuple[tuple[int, int, bytes], ...]
    cuts: tuple[int, ...]
    size: int | None
    turns: int
    leaves: bool

    def pieces(self) -> list[bytes]:
        text = self.text()
        if self.size is not None:
            size = max(self.size, len(text) // _MAX_PIECES)
            return [text[start : start + size] for start in range(0, len(text), size)]
        places = sorted({0, len(text), *(cut * len(text) // 1000 for cut in self.cuts)})
        return [text[start:end] for start, end in pairwise(places)]

    def text(self) -> bytes:
        text = bytearray(self._unchanged())
        for place, size, insert in self.changes:
            start = place * len(text) // 1000
            text[start : start + size] = insert
        return bytes(text)

    def expected(self) -> list[Sent]:
        """Returns the requests that must be answered: those before the first change, up to the last one."""
        text, unchanged, end = self.text(), self._unchanged(), 0
        answered: list[Sent] = []
        for request in self.requests:
            end += len(request.text)
            if text[:end] != unchanged[:end]:
                break
            answered.append(request)
            if request.ends_connection:
                break
        return answered

    def _unchanged(self) -> bytes:
        return b"".join(request.text for request in self.requests) + self.tail


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    order = next((value for name, value in scope["headers"] if name == b"x-order"), b"1 0 0")
    reads, streams, waits = (int(item) if item.isdigit() else 0 for item in (order.split(b" ") + [b"0"] * 3)[:3])
    if reads:
        while (event := await receive())["type"] != "http.disconnect" and event["more_body"]:
            pass
    for _ in range(min(waits, 50)):
        await asyncio.sleep(0)
    body = scope["raw_path"]
    headers = [] if streams else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if streams:
        await send({"type": "http.response.body", "body": body[:1], "more_body": True})
        await asyncio.sleep(0)
        body = body[1:]
    await send({"type": "http.response.body", "body": body})


async def _feed(conversation: Conversation) -> None:
    received = await converse(
        memory_edge(_app), conversation.pieces(), turns=conversation.turns, leaves=conversation.leaves
    )
    if not conversation.leaves:
        await _check_answers(conversation, received)


async def _check_answers(conversation: Conversation, received: bytes) -> None:
    for request in conversation.expected():
        await asyncio.sleep(0)  # parsing the responses must not count as a step
        status, body, is_last, received = _next_answer(request.method, received)
        assert status == 200
        assert body == (b"" if request.method == b"HEAD" else b"/%d" % request.number)
        assert is_last == request.ends_connection or (is_last and (request.may_be_unread or _has_own_end(request)))
        if is_last:
            assert received == b""
            return
    if not conversation.changes:
        if conversation.tail == PREFACE and not conversation.requests:
            return  # the preface of HTTP/2
        if conversation.tail in HARMLESS:
            assert received == b""
        else:
            status, _, is_last, received = _next_answer(b"GET", received)
            assert status >= 400
            assert is_last
            assert received == b""


def _has_own_end(request: Sent) -> bool:
    """HTTP/1.0 has no chunks: a response of unknown length ends with the connection."""
    return request.version == b"1.0" and request.streams


def _next_answer(method: bytes, received: bytes) -> tuple[int, bytes, bool, bytes]:
    """Returns the status, the body, whether it closes the connection, and the remaining bytes."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "localhost")]))
    client.send(h11.EndOfMessage())
    client.receive_data(received)
    client.receive_data(b"")
    status, body, is_last = 0, b"", False
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response):
            status = event.status_code
            is_last = (b"connection", b"close") in event.headers
        elif isinstance(event, h11.Data):
            body += event.data
        else:
            assert isinstance(event, h11.InformationalResponse), event
            assert event.status_code == 100
    return status, body, is_last, bytes(client.trailing_data[0])


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HARMLESS = (b"", b"\r\n", b"\r\n\r\n")
REFUSED = (
    b"\x00",
    b"\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    PREFACE,
    b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: a\r\nX",
    b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n",
    b"\r\n" * 9,
)
SENT = st.builds(
    Sent,
    number=st.integers(0, 9),
    method=st.sampled_from([b"GET", b"POST", b"POST", b"HEAD", b"OPTIONS"]),
    version=st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"]),
    body=st.one_of(st.just(b""), st.binary(max_size=40), st.integers(1, 70_000).map(lambda size: b"x" * size)),
    chunks=st.one_of(st.none(), st.lists(st.integers(1, 20), max_size=5).map(tuple)),
    is_last=st.sampled_from([False, False, False, True]),
    expects_continue=st.booleans(),
    reads=st.sampled_from([True, True, False]),
    streams=st.booleans(),
    waits=st.integers(0, 20),
    empty_lines=st.integers(0, 3),
)


def _repeated(requests: list[Sent], times: int) -> tuple[Sent, ...]:
    is_short = all(len(request.body) < 100 for request in requests)
    return tuple(requests) * (times if is_short else 1)


CHANGE = st.tuples(
    st.integers(0, 999),
    st.integers(0, 8),
    st.one_of(
        st.binary(max_size=4), st.sampled_from([b"\r\n", b"\n", b" ", b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"])
    ),
)
CONVERSATIONS = st.builds(
    Conversation,
    requests=st.builds(_repeated, st.lists(SENT, max_size=4), st.sampled_from([1, 1, 1, 40])),
    tail=st.sampled_from(HARMLESS + REFUSED),
    changes=st.one_of(st.just(()), st.lists(CHANGE, max_size=3).map(tuple)),
    cuts=st.lists(st.integers(0, 1000), max_size=8).map(tuple),
    size=st.sampled_from([None, None, None, 1, 2, 7, 100, 65536]),
    turns=st.integers(0, 4),
    leaves=st.sampled_from([False, False, False, True]),
)
TARGET = Target(name="http1", inputs=CONVERSATIONS, feed=_feed)
