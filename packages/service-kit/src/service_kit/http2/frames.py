"""Reads frames as h2 does, except that a frame whose fault concerns only its stream does not end the connection."""

from typing import Any

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.frame_buffer import FrameBuffer
from hyperframe.frame import Frame, PriorityFrame, WindowUpdateFrame

_HEADER_BYTES = 9
_STREAM_BITS = 0x7FFFFFFF


class FaultyFrame(Frame):
    """A frame that could not be parsed, and whose fault is a stream error with ``code``."""

    stream_association = "has-stream"

    def __init__(self, stream_id: int, code: ErrorCodes, **more: Any) -> None:
        super().__init__(stream_id, **more)
        self.code = code

    def _body_repr(self) -> str:
        return f"code={self.code!r}"


class TolerantFrameBuffer(FrameBuffer):
    """Yields a FaultyFrame where RFC 9113 asks for a stream error and hyperframe raises an exception."""

    def __next__(self) -> Frame:
        try:
            return super().__next__()
        except ProtocolError:
            faulty = self._take_faulty_frame()
            if faulty is None:
                raise
            return faulty

    def _take_faulty_frame(self) -> FaultyFrame | None:
        """Returns the first unread frame, if its fault is only a stream error."""
        if self._headers_buffer or len(self._data) < _HEADER_BYTES:
            return None
        length, kind = int.from_bytes(self._data[:3]), self._data[3]
        stream_id = int.from_bytes(self._data[5:_HEADER_BYTES]) & _STREAM_BITS
        if not stream_id or length > self.max_frame_size:
            return None
        if kind == WindowUpdateFrame.type and length == 4:  # an increment of 0 (RFC 9113, 6.9)
            code = ErrorCodes.PROTOCOL_ERROR
        elif kind == PriorityFrame.type and length != 5:  # RFC 9113, 6.3
            code = ErrorCodes.FRAME_SIZE_ERROR
        else:
            return None
        del self._data[: _HEADER_BYTES + length]
        return FaultyFrame(stream_id, code)
