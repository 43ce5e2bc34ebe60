"""Who has been let past the door and is on the way to the lane: a newcomer stands behind them too."""

from collections import Counter
from collections.abc import Callable

from service_kit.request.clients import Client

#: So long (seconds) is who was let past believed to be on the way: longer than identification and quota take, and too
#: short for many to stand in others' way who send their body byte by byte.
_BELIEVED_S = 0.25


class Announced:
    """Requests on their way, in the order in which they came, and how many come from each network."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._since: dict[Announcement, float] = {}
        self._by_network: Counter[Client | None] = Counter()

    def add(self, network: Client | None = None) -> "Announcement":
        """One more is on the way, until it says otherwise or has been for too long."""
        announcement = Announcement(self, network)
        self._since[announcement] = self._now()
        self._by_network[network] += 1
        return announcement

    def remove(self, announcement: "Announcement") -> bool:
        """It has arrived, or never will; whether it was still believed to be on the way."""
        since = self._since.get(announcement)
        if since is None:
            return False
        self._forget(announcement)
        return self._now() < since + _BELIEVED_S

    def count(self, most_of_one: int) -> int:
        """How many are on their way; of one network that is known, no more than so many are counted."""
        overdue = self._now() - _BELIEVED_S
        while self._since and next(iter(self._since.values())) <= overdue:
            self._forget(next(iter(self._since)))
        if len(self._since) <= most_of_one:
            return len(self._since)
        counts = self._by_network.items()
        return sum(count if network is None else min(count, most_of_one) for network, count in counts)

    def _forget(self, announcement: "Announcement") -> None:
        del self._since[announcement]
        network = announcement.network
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]


class Announcement:
    """One request on its way. network: where it comes from."""

    __slots__ = ("_among", "network")

    def __init__(self, among: Announced, network: Client | None) -> None:
        self._among = among
        self.network = network

    def end(self) -> bool:
        """It has arrived, or never will, however often that is said; whether it was believed to be on the way."""
        return self._among.remove(self)
