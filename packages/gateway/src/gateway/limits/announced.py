"""Who has been let past the door and is on the way to the lane: a newcomer stands behind them too."""

from collections.abc import Callable

#: So long (seconds) is who was let past believed to be on the way: longer than identification and quota take, and too
#: short for many to stand in others' way who send their body byte by byte.
_BELIEVED_S = 0.25


class Announced:
    """Requests on their way, in the order in which they came."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._since: dict[Announcement, float] = {}

    def add(self) -> "Announcement":
        """One more is on the way, until it says otherwise or has been for too long."""
        announcement = Announcement(self)
        self._since[announcement] = self._now()
        return announcement

    def remove(self, announcement: "Announcement") -> bool:
        """It has arrived, or never will; whether it was still believed to be on the way."""
        since = self._since.pop(announcement, None)
        return since is not None and self._now() < since + _BELIEVED_S

    def __len__(self) -> int:
        overdue = self._now() - _BELIEVED_S
        while self._since and next(iter(self._since.values())) <= overdue:
            del self._since[next(iter(self._since))]
        return len(self._since)


class Announcement:
    """One request on its way."""

    __slots__ = ("_among",)

    def __init__(self, among: Announced) -> None:
        self._among = among

    def end(self) -> bool:
        """It has arrived, or never will, however often that is said; whether it was believed to be on the way."""
        return self._among.remove(self)
