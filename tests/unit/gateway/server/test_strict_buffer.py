"""Lines are read in one way only, also where h11 would accept others."""

import pytest
from gateway.request_limits import RequestLimits
from gateway.server.refusals import Refusal
from gateway.server.strict_buffer import StrictReceiveBuffer
from h11._receivebuffer import ReceiveBuffer
from hypothesis import given
from hypothesis import strategies as st

LIMITS = RequestLimits(max_target_bytes=100, max_headers=10, max_header_bytes=1000)
LINES = st.sampled_from(
    [b"GET / HTTP/1.1", b"Host: a", b"X: y", b" folded", b"\tfolded", b"Content-Length: 5", b"c: d"]
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])


def read(text: bytes, size: int) -> list[bytes] | None:
    """Returns the lines that the buffer reads from ``text``, which arrives in pieces of ``size``."""
    buffer: ReceiveBuffer = StrictReceiveBuffer(LIMITS)
    for start in range(0, len(text), size):
        buffer += text[start : start + size]
        lines = buffer.maybe_extract_lines()
        if lines is not None:
            return [bytes(line) for line in lines]
    return None


@given(st.lists(st.tuples(LINES, ENDS), min_size=1, max_size=6), ENDS, st.integers(1, 100))
def test_strict_buffer_returns_well_formed_lines_or_refuses(
    lines: list[tuple[bytes, bytes]], last: bytes, size: int
) -> None:
    text = b"".join(line + end for line, end in lines) + last
    is_strict = {end for _, end in lines} | {last} == {b"\r\n"}
    is_folded = any(line[0] in b" \t" for line, _ in lines)
    has_one_length = sum(line.startswith(b"Content-Length") for line, _ in lines) <= 1
    if is_strict and not is_folded and has_one_length:
        assert read(text, size) == [line for line, _ in lines]
    else:
        with pytest.raises(Refusal) as refused:
            read(text, size)
        assert refused.value.problem.status == 400


@pytest.mark.parametrize("text", [b"\n", b"a\n\n", b"a\r\n\n", b"a\n\r\n"])
def test_bare_line_feed_is_refused(text: bytes) -> None:
    with pytest.raises(Refusal):
        read(text, 100)


def test_bytes_after_the_empty_line_are_not_checked() -> None:
    buffer: ReceiveBuffer = StrictReceiveBuffer(LIMITS)
    buffer += b"a\r\n\r\nb\nc\n"
    assert buffer.maybe_extract_lines() == [bytearray(b"a")]
    assert bytes(buffer) == b"b\nc\n"
