"""The end of an HTTP/2 connection in two steps (RFC 9113, 6.8), so that no request on its way is lost."""

from collections.abc import Callable
from time import monotonic

from h2.errors import ErrorCodes
from hyperframe.frame import GoAwayFrame

# The largest stream id there is: no more after those that have been sent by now.
_ANY_STREAM = 2**31 - 1


class Farewell:
    """Says GOAWAY with any stream for the last one, and some time later with the true one.

    Not through h2, which takes every connection for closed that has sent one. write: sends the frame, behind whatever
    h2 has ready. last_taken: the stream of the last request that was begun. is_final: no more requests are taken.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._final_due: float | None = None
        self.last_taken = 0
        self.is_final = False

    def begin(self, notice_s: float) -> None:
        """Ask the client for a new connection; what it sends until it hears of that is still answered."""
        if self._final_due is None:
            self._final_due = monotonic() + notice_s
            self._go_away(_ANY_STREAM)

    def finish_if_due(self, now: float) -> None:
        """Take the second step once the notice is over."""
        if self._final_due is not None and now >= self._final_due:
            self.finish()

    def finish(self) -> None:
        """Say which requests have been taken: all others may be sent again elsewhere."""
        if not self.is_final:
            self.is_final = True
            self._go_away(self.last_taken)

    def _go_away(self, last_stream_id: int) -> None:
        self._write(GoAwayFrame(0, last_stream_id=last_stream_id, error_code=ErrorCodes.NO_ERROR).serialize())
