"""GOAWAY (RFC 9113, 6.8): sent in two steps, so that no request on its way is lost, and received without h2."""

from collections.abc import Callable
from time import monotonic

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import Event
from hyperframe.frame import Frame, GoAwayFrame

#: The largest stream id: it announces the end, and still accepts every request.
_ANY_STREAM = 2**31 - 1


class GracefulGoAway:
    """Sends GOAWAY with the largest stream id first, and after a notice with the id of the last accepted request.

    It does not use h2 for that: h2 treats a connection as closed once it has sent GOAWAY.

    Args:
        write: Sends a frame after everything that h2 has ready.

    Attributes:
        last_accepted: The stream id of the last request that was accepted.
        is_final: Whether the second GOAWAY was sent. No more requests are accepted.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._final_due: float | None = None
        self.last_accepted = 0
        self.is_final = False

    def begin(self, notice_s: float) -> None:
        """Asks the client for a new connection. Requests that it sends before it has read that are still answered."""
        if self._final_due is None:
            self._final_due = monotonic() + notice_s
            self._send(_ANY_STREAM)

    def finish_if_due(self, now: float) -> None:
        """Sends the second GOAWAY once the notice is over."""
        if self._final_due is not None and now >= self._final_due:
            self.finish()

    def finish(self) -> None:
        """Announces which requests were accepted; the client may retry all others on another connection."""
        if not self.is_final:
            self.is_final = True
            self._send(self.last_accepted)

    def _send(self, last_stream_id: int) -> None:
        self._write(GoAwayFrame(0, last_stream_id=last_stream_id, error_code=ErrorCodes.NO_ERROR).serialize())


def intercept_goaway(h2: H2Connection, on_goaway: Callable[[int], None]) -> None:
    """Calls ``on_goaway`` with the last stream id of a received GOAWAY, in place of h2.

    h2 accepts no further frames from a peer that has sent GOAWAY, though the peer still answers the streams that it has
    accepted.
    """

    def receive(frame: GoAwayFrame) -> tuple[list[Frame], list[Event]]:
        on_goaway(frame.last_stream_id)
        return [], []

    h2._frame_dispatch_table[GoAwayFrame] = receive  # noqa: SLF001
