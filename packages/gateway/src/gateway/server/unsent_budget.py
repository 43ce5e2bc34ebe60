"""Bounds the memory that responses take while their clients do not read them.

The greediest of the clients that read nothing loses its connection first, so that the others keep theirs.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from math import inf
from time import monotonic

#: What one client (an address, or a /64 of IPv6) may hold of the budget, and one connection before its further requests
#: wait for room.
_CLIENT_SHARE = 8
_CONNECTION_SHARE = 16
#: What a piece takes beside its bytes: a view of them, and its place in a queue.
PIECE_OVERHEAD_BYTES = 256
#: From this size on, an object that several responses hold at once is counted once: a page that is in memory anyway.
_SHAREABLE_BYTES = 16 * 1024
#: A client that has read something within so long (seconds) loses its connection after all those that have not.
_READING_S = 1.0


class UnsentAccount:
    """What one connection holds.

    client: whose it is; None: a proxy's, which stands for many. held_bytes: how much, its transport's buffer included.
    pieces: how many pieces of responses that is. progressed_at: when the client last read something.
    """

    __slots__ = ("_budget", "_rooms", "_transport_bytes", "client", "cut_off", "held_bytes", "pieces", "progressed_at")

    def __init__(self, budget: "UnsentBudget", client: str | None, cut_off: Callable[[], None]) -> None:
        self._budget = budget
        self._rooms: list[asyncio.Future[None]] = []
        self._transport_bytes = 0
        self.client = client
        self.cut_off = cut_off
        self.held_bytes = 0
        self.pieces = 0
        self.progressed_at = -inf

    @property
    def is_full(self) -> bool:
        """Whether further requests of this connection have to wait."""
        return self.held_bytes >= self._budget.connection_bytes

    def hold(self, piece: bytes) -> int:
        """Counts a piece of a response.

        Returns:
            What to give `release` when the piece has been sent, or will not be (bytes).
        """
        self.pieces += 1
        charge = PIECE_OVERHEAD_BYTES + self._budget.share(piece)
        self._budget.add(self, charge)
        return charge

    def release(self, piece: bytes, charge_bytes: int) -> None:
        """Counts the piece no more."""
        self.pieces -= 1
        self._budget.unshare(piece)
        self._budget.add(self, -charge_bytes)
        self._let_on()

    def reserve(self, size_bytes: int) -> None:
        """Counts so many bytes that are no piece; a negative number gives them back."""
        self._budget.add(self, size_bytes)
        self._let_on()

    def note_transport(self, unsent_bytes: int) -> None:
        """Counts what waits in the transport's own buffer: so many bytes at this moment."""
        if unsent_bytes != self._transport_bytes:
            change, self._transport_bytes = unsent_bytes - self._transport_bytes, unsent_bytes
            self.reserve(change)

    def note_progress(self) -> None:
        """The client has read something."""
        self.progressed_at = monotonic()

    async def room(self) -> None:
        """Wait until the connection has room for a further response."""
        while self.is_full:
            room = asyncio.get_running_loop().create_future()
            self._rooms.append(room)
            await room

    def close(self) -> None:
        """Hold nothing any more; what is released later has been given back with this."""
        self._budget.close(self)
        self._let_on()

    def _let_on(self) -> None:
        if self._rooms and not self.is_full:
            rooms, self._rooms = self._rooms, []
            for room in rooms:
                if not room.done():
                    room.set_result(None)


class UnsentBudget:
    """limit_bytes: of all connections together. held_bytes: how much of it is taken."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._client_bytes = limit_bytes // _CLIENT_SHARE
        self.connection_bytes = limit_bytes // _CONNECTION_SHARE
        self.held_bytes = 0
        self._accounts: set[UnsentAccount] = set()
        self._per_client: Counter[str] = Counter()
        self._holders: Counter[int] = Counter()

    def open(self, client: str | None, cut_off: Callable[[], None]) -> UnsentAccount:
        """Returns the account of a new connection of ``client``; None: of a proxy, which has no share to keep to.

        cut_off: ends the connection at once.
        """
        account = UnsentAccount(self, client, cut_off)
        self._accounts.add(account)
        return account

    def add(self, account: UnsentAccount, change_bytes: int) -> None:
        """Counts a change, and cuts clients off until what is left fits."""
        if account not in self._accounts:
            return
        self._count(account, change_bytes)
        client = account.client
        if change_bytes <= 0:
            return
        while client is not None and self._per_client[client] > self._client_bytes:
            accounts = [each for each in self._accounts if each.client == client]
            if sum(each.pieces for each in accounts) <= 1:  # one response of any size is for everyone
                break
            self._cut_off_greediest(accounts)
        while self.held_bytes > self._limit_bytes:
            self._cut_off_greediest(self._of_greediest_client())

    def close(self, account: UnsentAccount) -> None:
        """Forget ``account``."""
        if account in self._accounts:
            self._count(account, -account.held_bytes)
            self._accounts.discard(account)

    def share(self, piece: bytes) -> int:
        """How many bytes more there are in memory with ``piece``."""
        if len(piece) < _SHAREABLE_BYTES:
            return len(piece)
        self._holders[id(piece)] += 1
        return len(piece) if self._holders[id(piece)] == 1 else 0

    def unshare(self, piece: bytes) -> None:
        """One holder of ``piece`` is gone."""
        if len(piece) >= _SHAREABLE_BYTES:
            self._holders[id(piece)] -= 1
            if not self._holders[id(piece)]:
                del self._holders[id(piece)]

    def _count(self, account: UnsentAccount, change_bytes: int) -> None:
        account.held_bytes += change_bytes
        self.held_bytes += change_bytes
        if account.client is not None:
            self._per_client[account.client] += change_bytes
            if not self._per_client[account.client]:
                del self._per_client[account.client]

    def _of_greediest_client(self) -> list[UnsentAccount]:
        """The accounts of the client that holds most; a proxy's connection stands for itself."""
        most = max(self._per_client, key=lambda client: self._per_client[client], default=None)
        proxies = [account for account in self._accounts if account.client is None]
        greediest = max(proxies, key=lambda account: account.held_bytes, default=None)
        if most is None or (greediest is not None and greediest.held_bytes > self._per_client[most]):
            return proxies
        return [account for account in self._accounts if account.client == most]

    def _cut_off_greediest(self, accounts: list[UnsentAccount]) -> None:
        now = monotonic()
        chosen = max(accounts, key=lambda each: (now - each.progressed_at > _READING_S, each.held_bytes))
        self.close(chosen)
        chosen.cut_off()
