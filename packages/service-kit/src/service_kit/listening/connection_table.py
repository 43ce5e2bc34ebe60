"""The connections of a server by peer, and which of them are idle: what a maximum of connections is decided by."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar

C = TypeVar("C")


class ConnectionTable(Generic[C]):
    """Counts connections by peer, and keeps the idle ones in the order in which they became idle.

    A peer is an IPv4 address, or a /64 of IPv6 (see `service_kit.request.clients.client_network`).
    """

    def __init__(self) -> None:
        self._peers: dict[C, str] = {}
        self._per_peer: Counter[str] = Counter()
        self._idle: dict[C, None] = {}
        self._idle_of_peer: defaultdict[str, dict[C, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[C]:
        return iter(self._peers)

    @property
    def idle_count(self) -> int:
        """How many connections are idle."""
        return len(self._idle)

    def count_of(self, peer: str) -> int:
        """Returns how many connections ``peer`` has."""
        return self._per_peer[peer]

    def longest_idle(self) -> C | None:
        """Returns the connection that has been idle for longest."""
        return next(iter(self._idle), None)

    def longest_idle_of(self, peer: str) -> C | None:
        """Returns the connection of ``peer`` that has been idle for longest."""
        return next(iter(self._idle_of_peer.get(peer, ())), None)

    def peers_with_idle(self) -> list[str]:
        """Returns the peers that have an idle connection."""
        return [peer for peer, idle in self._idle_of_peer.items() if idle]

    def add(self, connection: C, peer: str) -> None:
        """Adds an idle connection."""
        self._peers[connection] = peer
        self._per_peer[peer] += 1
        self._idle[connection] = self._idle_of_peer[peer][connection] = None

    def remove(self, connection: C) -> None:
        """Removes a connection, if it is in the table."""
        peer = self._peers.pop(connection, None)
        if peer is None:
            return
        self._idle.pop(connection, None)
        self._idle_of_peer[peer].pop(connection, None)
        self._per_peer[peer] -= 1
        if not self._per_peer[peer]:
            del self._per_peer[peer], self._idle_of_peer[peer]

    def on_busy(self, connection: C) -> None:
        """Notes that a request is in progress on a connection."""
        peer = self._peers.get(connection)
        if peer is not None:
            self._idle.pop(connection, None)
            self._idle_of_peer[peer].pop(connection, None)

    def on_idle(self, connection: C) -> None:
        """Notes that no request is in progress on a connection."""
        peer = self._peers.get(connection)
        if peer is not None:
            self._idle[connection] = self._idle_of_peer[peer][connection] = None
