"""A budget for the bytes of messages that are arriving: received bytes count, announced ones do not."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

from grpclib.const import Status
from grpclib.protocol import Buffer, UnackedData

from service_kit.request.errors import CallError
from service_kit.telemetry.metrics import meter

#: The part of the budget for callers without a verified token.
_UNVERIFIED_SHARE = 0.25

_refused = meter(__name__).create_counter(
    "rpc.server.receive_budget.refused_calls",
    unit="{call}",
    description="Calls refused because too many bytes of messages were arriving at once",
)


class _Share:
    """The bytes of one connection, or of all. unverified_bytes: those of callers without a verified token."""

    def __init__(self) -> None:
        self.buffers: set[ReceiveBuffer] = set()
        self.held_bytes = 0
        self.unverified_bytes = 0

    def change(self, size_bytes: int, *, verified: bool) -> None:
        self.held_bytes += size_bytes
        if not verified:
            self.unverified_bytes += size_bytes


class ReceiveBudget:
    """At most ``max_bytes`` of incomplete messages, and a quarter of that for callers without a verified token.

    When it is exceeded, the connection that holds most loses its largest call, no matter which call came last. So a
    client that sends much and never completes it harms only itself, on any number of connections.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._max_unverified_bytes = int(max_bytes * _UNVERIFIED_SHARE)
        self._total = _Share()
        self._by_connection: defaultdict[Hashable, _Share] = defaultdict(_Share)

    def change(self, buffer: "ReceiveBuffer", size_bytes: int) -> None:
        """Counts a change of a buffer's size, and refuses calls until the rest fits."""
        share = self._by_connection[buffer.connection]
        for counted in (self._total, share):
            counted.change(size_bytes, verified=buffer.verified)
        if buffer.held_bytes:
            share.buffers.add(buffer)
        else:
            share.buffers.discard(buffer)
            if not share.buffers:
                del self._by_connection[buffer.connection]
        if self._total.unverified_bytes > self._max_unverified_bytes:
            heaviest = max(self._by_connection.values(), key=lambda share: share.unverified_bytes)
            _refuse_largest(buffer for buffer in heaviest.buffers if not buffer.verified)
        if self._total.held_bytes > self._max_bytes:
            heaviest = max(self._by_connection.values(), key=lambda share: share.held_bytes)
            _refuse_largest(heaviest.buffers)

    def verify(self, buffer: "ReceiveBuffer") -> None:
        """Counts ``buffer`` as that of a caller with a verified token from now on."""
        if buffer.held_bytes and not buffer.verified:
            for counted in (self._total, self._by_connection[buffer.connection]):
                counted.unverified_bytes -= buffer.held_bytes


def _refuse_largest(buffers: Iterable["ReceiveBuffer"]) -> None:
    # `refuse` calls `change` again, which refuses another call if that was not enough.
    max(buffers, key=lambda buffer: buffer.held_bytes).refuse()
    _refused.add(1)


class ReceiveBuffer(Buffer):
    """What a call has received and not read: grpclib's buffer with a budget.

    Attributes:
        connection: That of the call.
        held_bytes: How much it holds.
        verified: Whether the caller's token was verified.
    """

    def __init__(self, ack_callback: Callable[[int], None], budget: ReceiveBudget, connection: Hashable) -> None:
        super().__init__(ack_callback)
        self.connection = connection
        self.held_bytes = 0
        self.verified = False
        self._budget = budget
        self._refused = False

    def add(self, data: bytes, ack_size: int) -> None:
        if self._refused:
            self._ack_callback(ack_size)
            return
        super().add(data, ack_size)
        self._hold(len(data))

    async def read(self, size: int) -> bytes:
        """Returns ``size`` bytes, as grpclib's buffer does.

        Raises:
            CallError: The budget is exhausted.
            AssertionError: The stream ends before.
        """
        if self._refused:
            raise _overloaded()
        try:
            data = await super().read(size)
        except AssertionError:
            if self._refused:
                raise _overloaded() from None
            raise
        if not self._refused:
            self._hold(-len(data))
        return data

    def verify(self) -> None:
        """Notes that the caller's token was verified."""
        self._budget.verify(self)
        self.verified = True

    def refuse(self) -> None:
        """Discards everything, now and later; `read` raises CallError."""
        self._release()
        self._refused = True
        self._unacked.put_nowait(UnackedData(b"", 0, 0))  # wakes a reader that waits for more

    def close(self) -> None:
        """Discards what was not read, since the call has ended."""
        if not self._refused:
            self._release()
        self._refused = True

    def _hold(self, size_bytes: int) -> None:
        self.held_bytes += size_bytes
        self._budget.change(self, size_bytes)

    def _release(self) -> None:
        self._hold(-self.held_bytes)


def _overloaded() -> CallError:
    return CallError(Status.RESOURCE_EXHAUSTED, "OVERLOADED", "too many bytes are arriving at once", retry_after_s=1)
