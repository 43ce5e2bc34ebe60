"""The adapter to h2's connection: this package is the only one that uses private members of h2.

h2 (4.x) answers most faults of a stream with the end of the connection, and so with that of all other streams on it.
RFC 9113 (5.4.2, 8.1.1) asks for the end of the stream that has the fault.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, Event, RequestReceived, StreamReset, TrailersReceived
from h2.exceptions import (
    DenialOfServiceError,
    FlowControlError,
    InvalidBodyLengthError,
    ProtocolError,
    StreamClosedError,
    StreamIDTooLowError,
)
from h2.settings import SettingCodes, Settings
from h2.stream import H2Stream, StreamClosedBy, StreamState
from hpack.exceptions import HPACKError
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PriorityFrame,
    RstStreamFrame,
    WindowUpdateFrame,
)

from service_kit.http2.fields import malformed_request, malformed_trailers
from service_kit.http2.frames import FaultyFrame, TolerantFrameBuffer

_Outcome = tuple[list[Frame], list[Event]]
#: How many requests beyond the announced number h2 accepts, each of which is refused by itself: a client may have sent
#: them before it has read the settings (RFC 9113, 5.1.2). More than one slice of received bytes can contain.
_SPARE_STREAMS = 1000


@dataclass(kw_only=True)
class StreamFault(StreamReset):
    """A stream was reset because of what the client has sent on it; ``reason`` is for the log."""

    reason: str = ""


@dataclass(kw_only=True)
class LateData(Event):
    """A piece of a body has arrived for a closed stream; the connection's window was reopened by its size."""

    stream_id: int
    size_bytes: int


class Http2ServerConnection(H2Connection):
    """h2's connection for servers, with header fields checked here (they are bytes), and faults confined to streams.

    A client's GOAWAY without an error is only an event: the requests that it has sent before are still answered
    (RFC 9113, 6.8).

    Args:
        normalizes: Whether cookie crumbs are joined, and response fields are checked and put in lower case.
    """

    def __init__(self, *, normalizes: bool = True) -> None:
        super().__init__(
            H2Configuration(
                client_side=False,
                header_encoding=None,
                validate_inbound_headers=False,
                normalize_inbound_headers=normalizes,
                validate_outbound_headers=normalizes,
                normalize_outbound_headers=normalizes,
            )
        )
        self.incoming_buffer = TolerantFrameBuffer(server=True)
        self._frame_dispatch_table[FaultyFrame] = self._receive_faulty_frame

    def begin(self, announced: Mapping[SettingCodes, int], *, max_header_list_bytes: int) -> None:
        """Announces the settings to the client, and enforces them less strictly.

        h2 ends the connection where a setting is exceeded. A request too many, or with too many header fields, is to be
        refused by itself: the other requests of the connection must not suffer from it.

        Args:
            announced: The settings, MAX_CONCURRENT_STREAMS among them.
            max_header_list_bytes: Of one header list; the connection ends where it is exceeded.
        """
        self.local_settings = Settings(client=False, initial_values=dict(announced))
        self.initiate_connection()
        max_streams = announced[SettingCodes.MAX_CONCURRENT_STREAMS] + _SPARE_STREAMS
        enforced = {**announced, SettingCodes.MAX_CONCURRENT_STREAMS: max_streams}
        self.local_settings = Settings(client=False, initial_values=enforced)
        self.decoder.max_header_list_size = max_header_list_bytes

    def dispose(self) -> None:
        """Frees all streams, without waiting for the garbage collector. Nothing can be received afterwards."""
        self.streams.clear()
        self._frame_dispatch_table.clear()

    def _receive_headers_frame(self, frame: HeadersFrame) -> _Outcome:
        before = self.streams.get(frame.stream_id)
        left_bytes = None if before is None else _missing_bytes(before)
        try:
            frames, events = super()._receive_headers_frame(frame)
        except (StreamClosedError, StreamIDTooLowError, DenialOfServiceError):
            raise
        except ProtocolError as error:
            if isinstance(error.__cause__, HPACKError):
                # The decoder's state is lost, and with it every header section that follows.
                error.error_code = ErrorCodes.COMPRESSION_ERROR
                raise
            if frame.stream_id not in self.streams:
                raise
            return self._fault(frame.stream_id, ErrorCodes.PROTOCOL_ERROR, str(error))
        reason = _malformed(events)
        if reason is None and "END_STREAM" in frame.flags:
            stream = self.streams[frame.stream_id]
            if left_bytes or (before is None and _missing_bytes(stream)):
                reason = "the body is shorter than announced"
        return (frames, events) if reason is None else self._fault(frame.stream_id, ErrorCodes.PROTOCOL_ERROR, reason)

    def _receive_data_frame(self, frame: DataFrame) -> _Outcome:
        if frame.flow_controlled_length > self.inbound_flow_control_window:
            return super()._receive_data_frame(frame)  # which ends the connection (RFC 9113, 6.9.1)
        try:
            return super()._receive_data_frame(frame)
        except (InvalidBodyLengthError, FlowControlError) as error:
            frames, events = self._fault(frame.stream_id, error.error_code, str(error))
            # All streams share the connection's window, so it is reopened by the size of the frame.
            increment = self._inbound_flow_control_window_manager.process_bytes(frame.flow_controlled_length)
            if increment:
                frames.append(WindowUpdateFrame(0, window_increment=increment))
            return frames, events

    def _receive_priority_frame(self, frame: HeadersFrame | PriorityFrame) -> _Outcome:
        try:
            return super()._receive_priority_frame(frame)
        except ProtocolError as error:  # a stream that depends on itself (RFC 7540, 5.3.1)
            if isinstance(frame, HeadersFrame):
                raise
            return self._fault(frame.stream_id, ErrorCodes.PROTOCOL_ERROR, str(error))

    def _receive_rst_stream_frame(self, frame: RstStreamFrame) -> _Outcome:
        self._check_begun(frame.stream_id)
        return super()._receive_rst_stream_frame(frame)

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> _Outcome:
        if frame.error_code == ErrorCodes.NO_ERROR:
            event = ConnectionTerminated()
            event.error_code, event.last_stream_id = ErrorCodes.NO_ERROR, frame.last_stream_id
            return [], [event]
        return super()._receive_goaway_frame(frame)

    def _receive_faulty_frame(self, frame: FaultyFrame) -> _Outcome:
        if frame.code is not ErrorCodes.FRAME_SIZE_ERROR:  # PRIORITY, which is allowed in every state of a stream
            self._check_begun(frame.stream_id)
        return self._fault(frame.stream_id, frame.code, "the frame is malformed")

    def _check_begun(self, stream_id: int) -> None:
        """Raises ProtocolError if the stream has not begun. A closed one may have been open when the frame was sent."""
        with suppress(StreamClosedError):
            self._get_stream_by_id(stream_id)

    def _handle_data_on_closed_stream(self, events: list[Event], exc: StreamClosedError, frame: DataFrame) -> _Outcome:
        frames, events = super()._handle_data_on_closed_stream(events, exc, frame)
        was_reset = not exc._events  # noqa: SLF001 (with the first reset of a stream there comes an event)
        if was_reset and self._stream_closed_by(frame.stream_id) is StreamClosedBy.SEND_RST_STREAM:
            # The client has not read the reset yet. One is enough (RFC 9113, 5.1).
            frames = [each for each in frames if not isinstance(each, RstStreamFrame)]
        return frames, [*events, LateData(stream_id=frame.stream_id, size_bytes=frame.flow_controlled_length)]

    def _fault(self, stream_id: int, code: ErrorCodes | int, reason: str) -> _Outcome:
        """Resets the stream, unless it is closed already."""
        event = StreamFault(stream_id=stream_id, error_code=ErrorCodes(code), remote_reset=False, reason=reason)
        stream = self.streams.get(stream_id)
        if stream is None or stream.state_machine.stream_closed_by is not None:
            return [], [event]
        stream.state_machine.state = StreamState.CLOSED
        stream.state_machine.stream_closed_by = StreamClosedBy.SEND_RST_STREAM
        return [RstStreamFrame(stream_id, error_code=code)], [event]


def _missing_bytes(stream: H2Stream) -> int:
    """Returns how many bytes of the announced body have not arrived."""
    expected = stream._expected_content_length  # noqa: SLF001 (see the module)
    return 0 if expected is None else int(expected - stream._actual_content_length)  # noqa: SLF001


def _malformed(events: Sequence[Event]) -> str | None:
    for event in events:
        if isinstance(event, RequestReceived):
            return malformed_request(event.headers or ())
        if isinstance(event, TrailersReceived):
            return malformed_trailers(event.headers or ())
    return None
