"""Revoked sessions, in this process's memory."""

import time
from collections.abc import Callable
from heapq import heappop, heappush, heapreplace


class Denylist:
    """Keeps each id until its denial expires, so at most those revoked within the lifetime of a token.

    now: a monotonic clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._sessions = _Denied(now)

    def deny_session(self, session_id: str, for_s: float) -> bool:
        """Denies a session for ``for_s`` from now, or longer if it is already; returns whether it is new."""
        return self._sessions.add(session_id, for_s)

    def denies_session(self, session_id: str) -> bool:
        """Returns whether the session is denied now."""
        return self._sessions.has(session_id)

    def count_sessions(self) -> int:
        """Returns the number of sessions that are denied now."""
        return self._sessions.count()


class _Denied:
    """Ids with the time until which each is denied.

    The heap has one entry per id, whose time may be earlier than the id's end: an id that was prolonged is put back
    when its entry is due. So repeated denials of an id take no memory.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until: dict[str, float] = {}
        self._due: list[tuple[float, str]] = []

    def add(self, denied: str, for_s: float) -> bool:
        self._purge()
        until, known = self._now() + for_s, self._until.get(denied)
        if known is None:
            heappush(self._due, (until, denied))
        self._until[denied] = until if known is None else max(until, known)
        return known is None

    def has(self, denied: str) -> bool:
        until = self._until.get(denied)
        return until is not None and until > self._now()

    def count(self) -> int:
        self._purge()
        return len(self._until)

    def _purge(self) -> None:
        now = self._now()
        while self._due and self._due[0][0] <= now:
            denied = self._due[0][1]
            until = self._until[denied]
            if until > now:
                heapreplace(self._due, (until, denied))
            else:
                heappop(self._due)
                del self._until[denied]
