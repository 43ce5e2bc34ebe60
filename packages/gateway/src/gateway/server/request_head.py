"""Checks the head of an HTTP/1 request while it arrives: its syntax by lines, and the length of each part.

The result depends on the bytes only, never on how they are split into packets: faults are searched for in the order of
the bytes, and the same byte reveals a fault whether it arrives alone or with all others (RFC 9112, 2.2 and 3).
"""

import re

from gateway.bad_token import begins_too_long_token, token_too_long
from gateway.problems import Problem
from gateway.request_limits import RequestLimits
from gateway.server.refusals import Refusal, malformed, not_implemented
from gateway.server.telemetry import Cause

#: Longer than any registered method (RFC 9110, 16.1: at most 17 characters).
_MAX_METHOD_BYTES = 32
#: "HTTP/1.1" and CRLF, with room for a longer version, which is refused for its number.
_MAX_VERSION_BYTES = 16
#: Some clients send an empty line after a body (RFC 9112, 2.2).
_MAX_EMPTY_LINES = 8
_TOKEN = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0")
_VERSION_SYNTAX = re.compile(rb"HTTP/[0-9]+(\.[0-9]+)?")
_CR, _LF = b"\r\n"
_REQUEST_LINE = "A request line is METHOD TARGET HTTP/1.1, and ends with CRLF."


class RequestHead:
    """Checks one head after another.

    Attributes:
        method: That of the head in progress, once it is known.
        is_first: Whether nothing has arrived before the head in progress, not even an empty line.
    """

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self.is_first = True
        self.method = b""
        self._empty_lines = 0
        self._begin()

    def is_complete(self, data: bytearray) -> bool:
        """Returns whether ``data`` begins with a complete head; removes empty lines before it.

        Args:
            data: Everything that has arrived since the last head or body; it grows from call to call.

        Raises:
            Refusal: It is malformed, or too long.
        """
        if not self._line and not (self._skip_empty_lines(data) and self._has_request_line(data)):
            return False
        if not self._has_fields(data):
            return False
        self._empty_lines = 0
        self.is_first = False
        self._begin()
        return True

    def _begin(self) -> None:
        # Where the current line begins, from where its end is searched for, and where the fields begin.
        self._line = self._searched = self._fields = 0
        self._count = 0

    def _skip_empty_lines(self, data: bytearray) -> bool:
        """Returns whether something follows them."""
        self.method = b""  # that of the previous request is over
        while data.startswith(b"\r\n"):
            del data[:2]
            self.is_first = False
            self._empty_lines += 1
            if self._empty_lines > _MAX_EMPTY_LINES:
                raise malformed(f"At most {_MAX_EMPTY_LINES} empty lines are accepted before a request.")
        return bool(data) and data != b"\r"

    def _has_request_line(self, data: bytearray) -> bool:
        if not _TOKEN.match(data):
            raise malformed("A request begins with a method.")
        space = data.find(b" ", 0, _MAX_METHOD_BYTES + 1)
        if space < 0:
            return _check_incomplete_method(data)
        self.method = bytes(data[:space])
        if _TOKEN.fullmatch(self.method) is None:
            raise malformed("A request begins with a method.")
        begin = space + 1
        limit = begin + self._limits.max_target_bytes + 1
        space, line_end = data.find(b" ", begin, limit), data.find(b"\n", begin, limit)
        if line_end >= 0 and (space < 0 or line_end < space):
            raise malformed(_REQUEST_LINE)
        if space < 0:
            if len(data) >= limit:
                raise Refusal(Cause.TARGET_TOO_LONG, self._limits.target_too_long())
            return False
        return self._has_version(data, space + 1)

    def _has_version(self, data: bytearray, begin: int) -> bool:
        end = data.find(b"\n", begin, begin + _MAX_VERSION_BYTES) + 1
        if end:
            _check_version(bytes(data[begin:end]))
            self._line = self._searched = self._fields = end
        elif len(data) - begin >= _MAX_VERSION_BYTES:
            raise malformed(_REQUEST_LINE)
        return bool(end)

    def _has_fields(self, data: bytearray) -> bool:
        limit = self._fields + 2 * self._limits.max_header_bytes
        while (end := data.find(b"\n", self._searched, limit)) >= 0:
            if data[end - 1] != _CR:
                raise malformed("Lines end with CRLF.")
            if end == self._line + 1:
                return True
            self._count += 1
            if self._count > 2 * self._limits.max_headers:
                raise Refusal(Cause.HEADERS_TOO_LARGE, self._limits.too_many_fields())
            self._line = self._searched = end + 1
        if len(data) >= limit:
            is_token = begins_too_long_token(bytes(data[self._fields : limit]))
            raise Refusal(Cause.HEADERS_TOO_LARGE, token_too_long() if is_token else self._limits.fields_too_large())
        self._searched = len(data)
        return False


def _check_incomplete_method(data: bytearray) -> bool:
    """Returns False: more of the method may follow. Raises Refusal if it cannot become a method."""
    begin = bytes(data[: _MAX_METHOD_BYTES + 1])
    if _LF in begin:
        raise malformed(_REQUEST_LINE)
    if len(begin) > _MAX_METHOD_BYTES:
        if _TOKEN.fullmatch(begin) is None:
            raise malformed("A request begins with a method.")
        raise not_implemented("There is no such method.")
    return False


def _check_version(rest: bytes) -> None:
    """Raises Refusal if the ``rest`` of a request line is not a supported version and CRLF."""
    version, ending = rest[:-2], rest[-2:]
    if ending != b"\r\n" or (version not in _VERSIONS and _VERSION_SYNTAX.fullmatch(version) is None):
        raise malformed(_REQUEST_LINE)
    if version not in _VERSIONS:
        raise _unsupported_version()


def _unsupported_version() -> Refusal:
    """Returns 505: a version that is not supported, or not in this way."""
    detail = "HTTP/1.1, HTTP/1.0, and HTTP/2 from the first byte of a connection are supported."
    return Refusal(Cause.VERSION, Problem(505, "HTTP_VERSION_NOT_SUPPORTED", detail))
