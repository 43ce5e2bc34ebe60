"""The adapter to h11's receive buffer: reads the lines of HTTP/1 in one way only, and bounds them.

h11 accepts a bare LF as the end of a line, joins folded lines, and accepts a repeated Content-Length. RFC 9112 allows
all of that, but a proxy in front of the server may read the same bytes differently, and then one of the two sees a
request where the other sees none. So: CRLF, no folding (2.2, 5.2), one length (6.3). And h11 bounds lines only while
they are incomplete, so that what is too long depends on the packets.

This is the only place that uses private members of h11.
"""

import h11
from h11._receivebuffer import ReceiveBuffer

from gateway.request_limits import RequestLimits
from gateway.server.refusals import Refusal, malformed
from gateway.server.request_head import RequestHead
from gateway.server.telemetry import Cause

_LENGTH = b"content-length:"
_WHITESPACE = frozenset(b" \t")
_C = frozenset(b"Cc")
#: The size of a chunk, with room for an extension; none is in use.
_MAX_CHUNK_LINE_BYTES = 256
#: A chunk costs as much as a kilobyte in one piece, so that many small ones would make a short body expensive.
_MAX_SMALL_CHUNKS = 1000
_MIN_CHUNK_BYTES = 64


class StrictReceiveBuffer(ReceiveBuffer):
    """h11's buffer with stricter rules: h11 reads header fields, chunks and trailers through it.

    Attributes:
        head: Checks the heads of requests.
    """

    def __init__(self, limits: RequestLimits) -> None:
        super().__init__()
        self.head = RequestHead(limits)
        self._limits = limits
        self._reads_head = False
        self._chunks = 0
        self._body_bytes = 0

    def install(self, connection: h11.Connection) -> None:
        """Replaces the buffer of ``connection``, which h11 has no public way to do."""
        connection._receive_buffer = self  # noqa: SLF001

    def has_head(self) -> bool:
        """Returns whether the head of a request is complete; to be called before h11 reads it.

        Raises:
            Refusal: It cannot become one.
        """
        self._reads_head = self.head.is_complete(self._data)
        return self._reads_head

    def first(self, count: int) -> bytes:
        """Returns the first ``count`` unread bytes, or fewer if there are fewer."""
        return bytes(self._data[:count])

    def clear(self) -> None:
        """Discards what is unread."""
        self._data.clear()

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """Returns the lines up to the next empty one; None if that has not arrived.

        Raises:
            Refusal: They can be read in two ways, or are too many.
        """
        before = len(self)
        lines = super().maybe_extract_lines()
        if not self._reads_head:
            self._check_trailers(before if lines is None else before - len(self), lines or [])
        if lines is not None:
            self._reads_head = False
            self._chunks = self._body_bytes = 0
            # h11 has removed the ends of the lines, each of which has to have had two bytes.
            if before - len(self) != sum(map(len, lines)) + 2 * len(lines) + 2:
                raise malformed("Lines end with CRLF.")
            _check(lines)
        return lines

    def maybe_extract_at_most(self, count: int) -> bytearray | None:
        """Returns a piece of a body, or the end of a chunk."""
        data = super().maybe_extract_at_most(count)
        if data is not None:
            self._body_bytes += len(data)
        return data

    def maybe_extract_next_line(self) -> bytearray | None:
        """Returns the line before a chunk; None if it is not complete.

        Raises:
            Refusal: It is too long, or the chunks are too small.
        """
        line = super().maybe_extract_next_line()
        if len(self if line is None else line) > _MAX_CHUNK_LINE_BYTES:
            raise malformed(f"The line before a chunk has at most {_MAX_CHUNK_LINE_BYTES} bytes.")
        if line is not None:
            self._chunks += 1
            if self._chunks > _MAX_SMALL_CHUNKS + self._body_bytes // _MIN_CHUNK_BYTES:
                raise malformed("The chunks of the body are too small.")
        return line

    def _check_trailers(self, size_bytes: int, lines: list[bytearray]) -> None:
        if size_bytes > self._limits.max_header_bytes:
            raise Refusal(Cause.HEADERS_TOO_LARGE, self._limits.fields_too_large())
        if len(lines) > self._limits.max_headers:
            raise Refusal(Cause.HEADERS_TOO_LARGE, self._limits.too_many_fields())


def _check(lines: list[bytearray]) -> None:
    lengths = 0
    for line in lines:
        first = line[0]
        if first in _WHITESPACE:
            raise malformed("Header fields are not folded.")
        if first in _C and line[: len(_LENGTH)].lower() == _LENGTH:
            lengths += 1
            if lengths > 1 or b"," in line:
                raise malformed("There is one Content-Length.")
