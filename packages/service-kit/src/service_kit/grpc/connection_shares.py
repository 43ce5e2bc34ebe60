"""The maximum of a server's connections, and which connection is closed for a new one."""

from typing import TypeVar

from service_kit.listening import ConnectionTable

C = TypeVar("C")


class ConnectionShares(ConnectionTable[C]):
    """A table of at most ``maximum`` connections, of which one peer has at most half."""

    def __init__(self, maximum: int) -> None:
        super().__init__()
        self._maximum = maximum
        self._maximum_of_peer = (maximum + 1) // 2

    @property
    def is_full(self) -> bool:
        """Whether no peer can have another connection."""
        return len(self) >= self._maximum

    def has_whole_share(self, peer: str) -> bool:
        """Returns whether ``peer`` has as many connections as one peer may have."""
        return self.count_of(peer) >= self._maximum_of_peer

    def next_to_close(self, peer: str) -> C | None:
        """Returns the connection to close for another one of ``peer``; None if all that qualify are busy.

        It is the longest idle one: of the peer itself if it has its whole share, else of the peer that has most.
        """
        closing_peer = peer
        if not self.has_whole_share(peer):
            count = self.count_of(peer)
            # Not of a peer that has fewer: with many connections it is not entitled to more.
            holders = [each for each in self.peers_with_idle() if self.count_of(each) >= count]
            closing_peer = max(holders, key=self.count_of, default=peer)
        return self.longest_idle_of(closing_peer)
