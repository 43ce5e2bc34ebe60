"""Forget what has been kept long enough: idempotency keys, marks of processed events, deleted users."""

from dataclasses import dataclass
from datetime import timedelta

from order_svc.domain.ports import Clock, Outdating

#: Few enough that a batch holds its row locks for milliseconds.
_BATCH = 1000
#: How far the clocks of the process that made an entry and of the one that forgets it may be apart; each could be off
#: by 5 minutes.
CLOCKS_APART = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ForgetOutdated:
    """store: what is kept, and where. kept: for how long at least. now: the time to count back from."""

    store: Outdating
    kept: timedelta
    now: Clock

    async def __call__(self) -> int:
        """How many entries were forgotten."""
        before, total = self.now() - self.kept - CLOCKS_APART, 0
        while True:
            forgotten = await self.store.forget(before, _BATCH)
            total += forgotten
            if forgotten < _BATCH:
                return total
