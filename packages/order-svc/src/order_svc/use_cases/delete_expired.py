"""Delete entries past their retention: idempotency keys, processed event ids, ids of deleted users."""

from dataclasses import dataclass
from datetime import timedelta

from order_svc.domain.ports import Clock, ExpiringStore

#: Small, so that a batch holds its row locks for milliseconds.
_BATCH = 1000
#: How far the clock of the process that writes an entry and that of the one that deletes it may be apart: each may be
#: off by 5 minutes.
MAX_CLOCK_SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DeleteExpired:
    """Use case: deletes what is older than ``retention`` and MAX_CLOCK_SKEW together."""

    store: ExpiringStore
    retention: timedelta
    now: Clock

    async def __call__(self) -> int:
        """Returns how many entries were deleted."""
        before, total = self.now() - self.retention - MAX_CLOCK_SKEW, 0
        while True:
            deleted = await self.store.delete_older(before, _BATCH)
            total += deleted
            if deleted < _BATCH:
                return total
