"""Whether a client takes what is sent to it."""

from math import inf


class Unsent:
    """Remembers how much was written by the time that something began to wait, and looks when that much is out.

    timeout_s: how long that may take. So a client that reads slowly is served, as long as it gets through a buffer in
    the time. pending: whether something has been written since nothing was waiting.
    """

    __slots__ = ("_due", "_mark_bytes", "_timeout_s", "_written_bytes", "pending")

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._written_bytes = 0
        self._mark_bytes = 0
        self._due = inf
        self.pending = False

    def add(self, size_bytes: int) -> None:
        """So much has been written."""
        self._written_bytes += size_bytes
        self.pending = True

    def lies(self, unsent_bytes: int, now: float) -> bool:
        """Whether, with so much waiting at this moment, it has taken too long; to be asked every now and then."""
        if not unsent_bytes:
            self.pending = False
            self._due = inf
        elif self._due == inf or self._written_bytes - unsent_bytes >= self._mark_bytes:
            self._mark_bytes = self._written_bytes
            self._due = now + self._timeout_s
        return now >= self._due
