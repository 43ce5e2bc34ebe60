"""Forget the idempotency keys that have been kept long enough."""

from dataclasses import dataclass
from datetime import timedelta

from order_svc.domain.ports import Clock, IdempotencyKeys

#: Few enough that a batch holds its row locks for milliseconds.
_BATCH = 1000
#: How far the clocks of who made a key and of who forgets it may be apart; each could be off by 5 minutes.
CLOCKS_APART = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ForgetIdempotencyKeys:
    """keys: where they are kept, and for how long at least. now: the time to count back from."""

    keys: IdempotencyKeys
    kept: timedelta
    now: Clock

    async def __call__(self) -> int:
        """How many were forgotten."""
        before, total = self.now() - self.kept - CLOCKS_APART, 0
        while True:
            forgotten = await self.keys.forget(before, _BATCH)
            total += forgotten
            if forgotten < _BATCH:
                return total
