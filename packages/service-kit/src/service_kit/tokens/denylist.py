"""Sessions that were revoked before their time, in this process's memory."""

import time
from collections.abc import Callable
from heapq import heappop, heappush, heapreplace


class Denylist:
    """Keeps each id for as long as it was denied for, so as many as are revoked in the life of a token.

    now: the time in seconds, from a clock that is never set.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._sessions = _Denied(now)

    def deny_session(self, session_id: str, for_s: float) -> bool:
        """Deny a session for ``for_s`` from now, unless it is denied for longer. Whether it was not denied before."""
        return self._sessions.add(session_id, for_s)

    def denies_session(self, session_id: str) -> bool:
        """Whether the session is denied now."""
        return self._sessions.has(session_id)

    def count_sessions(self) -> int:
        """How many sessions are denied now."""
        return self._sessions.count()


class _Denied:
    """Ids with the time until which each is denied.

    The heap has one entry for each id, with a time that is not after its end: an id that is denied for longer goes
    back into the heap when its entry comes up. So saying the same again takes no room.
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
