"""Bounds the bytes of messages that are arriving: what has come, not what was announced."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

from grpclib.const import Status
from grpclib.protocol import Buffer, UnackedData

from service_kit.request.errors import CallError
from service_kit.telemetry.metrics import meter

#: Callers without a verified token may hold this part of the budget.
_UNVERIFIED_SHARE = 0.25

_refused = meter(__name__).create_counter(
    "rpc.server.receive_budget.refused_calls",
    unit="{call}",
    description="Calls refused because too many bytes of messages were arriving at once",
)


class _Share:
    """What one connection, or all of them, hold. unverified_bytes: the part of callers without a verified token."""

    def __init__(self) -> None:
        self.buffers: set[ReceiveBuffer] = set()
        self.held_bytes = 0
        self.unverified_bytes = 0

    def change(self, size_bytes: int, *, verified: bool) -> None:
        self.held_bytes += size_bytes
        if not verified:
            self.unverified_bytes += size_bytes


class ReceiveBudget:
    """At most ``max_bytes`` may wait to be complete; at most a quarter of that of callers without a verified token.

    When there is no room, the connection that holds the most loses its largest call, whichever call came last. So a
    client that sends much and never finishes only gets in its own way, on however many connections it does so.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._max_unverified_bytes = int(max_bytes * _UNVERIFIED_SHARE)
        self._total = _Share()
        self._by_connection: defaultdict[Hashable, _Share] = defaultdict(_Share)

    def change(self, buffer: "ReceiveBuffer", size_bytes: int) -> None:
        """Counts what a buffer holds more, or less, and makes room where that is too much."""
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
        """From now on, ``buffer`` counts as one of a caller with a verified token."""
        if buffer.held_bytes and not buffer.verified:
            for counted in (self._total, self._by_connection[buffer.connection]):
                counted.unverified_bytes -= buffer.held_bytes


def _refuse_largest(buffers: Iterable["ReceiveBuffer"]) -> None:
    # This changes the budget again, which makes more room if that was not enough.
    max(buffers, key=lambda buffer: buffer.held_bytes).refuse()
    _refused.add(1)


class ReceiveBuffer(Buffer):
    """What a call has received and not yet read. A drop-in for grpclib's buffer that draws on a budget.

    connection: which the call came on. held_bytes: how much it holds. verified: whether the caller's token is.
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
        """As grpclib's. CallError: the budget is exhausted. AssertionError: the stream ends before ``size``."""
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
        """The caller's token has been verified."""
        self._budget.verify(self)
        self.verified = True

    def refuse(self) -> None:
        """Takes nothing more, and has whoever reads it fail."""
        self._release()
        self._refused = True
        self._unacked.put_nowait(UnackedData(b"", 0, 0))  # wakes a reader that waits for more

    def close(self) -> None:
        """The call has ended: what was not read is not held any more."""
        if not self._refused:
            self._release()
        self._refused = True

    def _hold(self, size_bytes: int) -> None:
        self.held_bytes += size_bytes
        self._budget.change(self, size_bytes)

    def _release(self) -> None:
        self._hold(-self.held_bytes)


def _overloaded() -> CallError:
    return CallError(Status.RESOURCE_EXHAUSTED, "OVERLOADED", "too much is arriving at once", retry_after_s=1)
