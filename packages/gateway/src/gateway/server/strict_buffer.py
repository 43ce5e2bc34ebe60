"""Reads the lines of HTTP/1 in one way only.

h11 takes a bare LF for the end of a line, joins folded lines, and lets a Content-Length be said twice. RFC 9112 allows
all of that, but a proxy in front of us may read the same bytes differently, and then one of us sees a request where the
other sees none. So: CRLF, no folding (2.2, 5.2), one length (6.3).
"""

from h11._receivebuffer import ReceiveBuffer

from gateway.server.refusals import malformed

_LENGTH = b"content-length:"
_WHITESPACE = frozenset(b" \t")
_C = frozenset(b"Cc")


class StrictReceiveBuffer(ReceiveBuffer):
    """h11's buffer; h11 has no public place for such rules, and reads header fields and trailers through this one."""

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """The lines up to the next empty one; None: it is not there yet. Refusal: they can be read in two ways."""
        before = len(self)
        lines = super().maybe_extract_lines()
        if lines is not None:
            # h11 has taken the ends of the lines off: with two bytes each, and for the empty line, it adds up.
            if before - len(self) != sum(map(len, lines)) + 2 * len(lines) + 2:
                raise malformed("Lines end with CRLF.")
            _check(lines)
        return lines


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
