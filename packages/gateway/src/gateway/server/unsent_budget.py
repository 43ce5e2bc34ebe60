"""A budget for the memory of responses that clients have not read.

When it is exhausted, the client that holds most and reads nothing loses its connection first.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from math import inf
from time import monotonic

#: One client (an IPv4 address, or a /64 of IPv6) may hold an eighth of the budget. The further requests of a connection
#: that holds a sixteenth wait for room.
_CLIENT_SHARE = 8
_CONNECTION_SHARE = 16
#: The memory of a piece beside its bytes: a view of them, and an item of a queue.
PIECE_OVERHEAD_BYTES = 256
#: From this size on, an object that several responses hold is counted once, such as a page that is always in memory.
_SHAREABLE_BYTES = 16 * 1024
#: Clients that have read something within the last second lose their connections after all others.
_READING_S = 1.0


class UnsentAccount:
    """The unsent bytes of one connection.

    Attributes:
        client: Whose connection it is; None: that of a proxy, which many clients share.
        abort: Closes the connection now.
        held_bytes: How much it holds, with the buffer of its transport.
        pieces: The number of pieces of responses in it.
        progressed_at: When the client last read something, on the clock of time.monotonic().
    """

    __slots__ = ("_budget", "_rooms", "_transport_bytes", "abort", "client", "held_bytes", "pieces", "progressed_at")

    def __init__(self, budget: "UnsentBudget", client: str | None, abort: Callable[[], None]) -> None:
        self._budget = budget
        self._rooms: list[asyncio.Future[None]] = []
        self._transport_bytes = 0
        self.client = client
        self.abort = abort
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
            The number of bytes to pass to `release` when the piece was sent, or will not be.
        """
        self.pieces += 1
        charge = PIECE_OVERHEAD_BYTES + self._budget.share(piece)
        self._budget.add(self, charge)
        return charge

    def release(self, piece: bytes, charge_bytes: int) -> None:
        """Stops counting a piece."""
        self.pieces -= 1
        self._budget.unshare(piece)
        self._budget.add(self, -charge_bytes)
        self._wake_requests()

    def reserve(self, size_bytes: int) -> None:
        """Counts memory that is not a piece; a negative number releases it."""
        self._budget.add(self, size_bytes)
        self._wake_requests()

    def note_transport(self, unsent_bytes: int) -> None:
        """Counts the size of the transport's buffer at this moment."""
        if unsent_bytes != self._transport_bytes:
            change, self._transport_bytes = unsent_bytes - self._transport_bytes, unsent_bytes
            self.reserve(change)

    def note_progress(self) -> None:
        """Notes that the client has read something."""
        self.progressed_at = monotonic()

    async def room(self) -> None:
        """Waits until the connection has room for a further response."""
        while self.is_full:
            room = asyncio.get_running_loop().create_future()
            self._rooms.append(room)
            await room

    def close(self) -> None:
        """Releases everything that is held; later calls of `release` have no effect."""
        self._budget.close(self)
        self._wake_requests()

    def _wake_requests(self) -> None:
        if self._rooms and not self.is_full:
            rooms, self._rooms = self._rooms, []
            for room in rooms:
                if not room.done():
                    room.set_result(None)


class UnsentBudget:
    """The budget of the process.

    Args:
        limit_bytes: Of all connections together.

    Attributes:
        held_bytes: How much of it is used.
        connection_bytes: How much one connection may hold before its further requests wait.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._client_bytes = limit_bytes // _CLIENT_SHARE
        self.connection_bytes = limit_bytes // _CONNECTION_SHARE
        self.held_bytes = 0
        self._accounts: set[UnsentAccount] = set()
        self._per_client: Counter[str] = Counter()
        self._holders: Counter[int] = Counter()

    def open(self, client: str | None, abort: Callable[[], None]) -> UnsentAccount:
        """Returns the account of a new connection.

        Args:
            client: The client whose share it uses; None: a proxy, which has no share of its own.
            abort: Closes the connection now.
        """
        account = UnsentAccount(self, client, abort)
        self._accounts.add(account)
        return account

    def add(self, account: UnsentAccount, change_bytes: int) -> None:
        """Counts a change, and aborts connections until the rest fits."""
        if account not in self._accounts:
            return
        self._count(account, change_bytes)
        client = account.client
        if change_bytes <= 0:
            return
        while client is not None and self._per_client[client] > self._client_bytes:
            accounts = [each for each in self._accounts if each.client == client]
            if sum(each.pieces for each in accounts) <= 1:  # every client may have one response of any size
                break
            self._abort_largest(accounts)
        while self.held_bytes > self._limit_bytes:
            self._abort_largest(self._accounts_of_largest_client())

    def close(self, account: UnsentAccount) -> None:
        """Removes ``account``."""
        if account in self._accounts:
            self._count(account, -account.held_bytes)
            self._accounts.discard(account)

    def share(self, piece: bytes) -> int:
        """Returns by how many bytes ``piece`` increases the memory in use."""
        if len(piece) < _SHAREABLE_BYTES:
            return len(piece)
        self._holders[id(piece)] += 1
        return len(piece) if self._holders[id(piece)] == 1 else 0

    def unshare(self, piece: bytes) -> None:
        """Notes that one response less holds ``piece``."""
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

    def _accounts_of_largest_client(self) -> list[UnsentAccount]:
        """Returns the accounts of the client that holds most, or of all proxies if a connection of one holds more."""
        most = max(self._per_client, key=lambda client: self._per_client[client], default=None)
        proxies = [account for account in self._accounts if account.client is None]
        largest_proxy = max(proxies, key=lambda account: account.held_bytes, default=None)
        if most is None or (largest_proxy is not None and largest_proxy.held_bytes > self._per_client[most]):
            return proxies
        return [account for account in self._accounts if account.client == most]

    def _abort_largest(self, accounts: list[UnsentAccount]) -> None:
        now = monotonic()
        chosen = max(accounts, key=lambda each: (now - each.progressed_at > _READING_S, each.held_bytes))
        self.close(chosen)
        chosen.abort()
