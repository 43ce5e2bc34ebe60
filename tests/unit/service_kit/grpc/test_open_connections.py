"""The division of connections between peers, in any order of events."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from service_kit.grpc.open_connections import ConnectionShares

MOST = 6
PEERS = st.sampled_from(["a", "b", "c", "d"])


class Division(RuleBasedStateMachine):
    """Admits connections as the server does, and keeps those of each peer in plain lists."""

    def __init__(self) -> None:
        super().__init__()
        self.shares: ConnectionShares[int] = ConnectionShares(MOST)
        self.peers: dict[int, str] = {}
        self.idle: list[int] = []
        self.next = 0

    def count(self, peer: str) -> int:
        return sum(each == peer for each in self.peers.values())

    def forget(self, connection: int) -> None:
        self.shares.remove(connection)
        del self.peers[connection]
        if connection in self.idle:
            self.idle.remove(connection)

    @rule(peer=PEERS)
    def connects(self, peer: str) -> None:
        is_full = len(self.peers) == MOST
        has_whole_share = self.count(peer) == MOST // 2
        assert (self.shares.is_full, self.shares.has_whole_share(peer)) == (is_full, has_whole_share)
        if is_full or has_whole_share:
            oldest = self.shares.next_to_close(peer)
            if oldest is None:
                may_give_way = {peer} if has_whole_share else {p for p in "abcd" if self.count(p) >= self.count(peer)}
                assert not [each for each in self.idle if self.peers[each] in may_give_way]
                return
            giving_way = self.peers[oldest]
            assert oldest == next(each for each in self.idle if self.peers[each] == giving_way)
            assert giving_way == peer if has_whole_share else self.count(giving_way) >= self.count(peer)
            self.forget(oldest)
        self.shares.add(self.next, peer)
        self.peers[self.next] = peer
        self.idle.append(self.next)
        self.next += 1

    @rule(data=st.data())
    def begins_a_call(self, data: st.DataObject) -> None:
        # Also for a connection that was closed.
        connection = data.draw(st.integers(0, self.next))
        self.shares.on_busy(connection)
        if connection in self.idle:
            self.idle.remove(connection)

    @rule(data=st.data())
    def ends_its_calls(self, data: st.DataObject) -> None:
        connection = data.draw(st.integers(0, self.next))
        if connection not in self.idle:
            self.shares.on_idle(connection)
            if connection in self.peers:
                self.idle.append(connection)

    @rule(data=st.data())
    def closes(self, data: st.DataObject) -> None:
        connection = data.draw(st.integers(0, self.next))
        if connection in self.peers:
            self.forget(connection)
        else:
            self.shares.remove(connection)

    @invariant()
    def bounds_hold(self) -> None:
        assert len(self.shares) == len(self.peers) <= MOST
        assert all(self.count(peer) <= MOST // 2 for peer in "abcd")

    @invariant()
    def nothing_is_kept_of_peers_that_are_gone(self) -> None:
        assert set(self.shares._idle_of_peer) == set(self.shares._per_peer) == set(self.peers.values())


TestDivision = Division.TestCase
