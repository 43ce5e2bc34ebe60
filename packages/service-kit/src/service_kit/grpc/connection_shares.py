"""Which connections take calls, and which of them gives way to a new one."""

from collections import Counter, defaultdict
from typing import Generic, TypeVar

C = TypeVar("C")


class ConnectionShares(Generic[C]):
    """At most ``most`` connections, of which one peer has at most half.

    peer: of a connection, an IPv4 address or a /64 of IPv6.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_of_peer = (most + 1) // 2
        self._peers: dict[C, str] = {}
        self._per_peer: Counter[str] = Counter()
        # The connections without a call, by peer, in the order in which they became idle.
        self._idle: defaultdict[str, dict[C, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._peers)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for any peer."""
        return len(self._peers) >= self._most

    def has_whole_share(self, peer: str) -> bool:
        """Whether ``peer`` has as many connections as one peer may have."""
        return self._per_peer[peer] >= self._most_of_peer

    def next_to_close(self, peer: str) -> C | None:
        """Returns the connection that gives way to one more of ``peer``; None: each that might has a call in progress.

        The longest idle one: of the peer itself if it has its share, else of the peer that has the most.
        """
        giving_way = peer
        if not self.has_whole_share(peer):
            count = self._per_peer[peer]
            # Not of a peer with fewer: many connections are no reason to get more.
            holders = [each for each, idle in self._idle.items() if idle and self._per_peer[each] >= count]
            giving_way = max(holders, key=self._per_peer.__getitem__, default=peer)
        return next(iter(self._idle.get(giving_way, ())), None)

    def add(self, connection: C, peer: str) -> None:
        """Adds an idle connection."""
        self._peers[connection] = peer
        self._per_peer[peer] += 1
        self._idle[peer][connection] = None

    def remove(self, connection: C) -> None:
        """Removes a connection, if it is one of these."""
        peer = self._peers.pop(connection, None)
        if peer is None:
            return
        self._idle[peer].pop(connection, None)
        self._per_peer[peer] -= 1
        if not self._per_peer[peer]:
            del self._per_peer[peer], self._idle[peer]

    def on_busy(self, connection: C) -> None:
        """A call is in progress on it."""
        peer = self._peers.get(connection)
        if peer is not None:
            self._idle[peer].pop(connection, None)

    def on_idle(self, connection: C) -> None:
        """No call is in progress on it any more."""
        peer = self._peers.get(connection)
        if peer is not None:
            self._idle[peer][connection] = None
