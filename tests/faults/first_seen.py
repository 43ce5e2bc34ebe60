"""Waiting for the first request under load that ends in a certain way."""

from collections.abc import Callable

from tests.faults.load import Record, Seen
from tests.faults.quotas import quota_told
from tests.running.polling import in_time

_WITHIN_S = 20.0


async def first_seen(record: Record, kind: str, wanted: Callable[[Seen], bool], since_s: float = 0.0) -> float:
    """When the first such request that began since then has ended; waits for it.

    Both on the clock of time.monotonic(), in seconds. AssertionError: there was none within 20 s.
    """

    async def ended() -> float | None:
        fit = (seen for seen in record.of(kind, since_s=since_s).seen if wanted(seen))
        return next((seen.started_s + seen.took_s for seen in fit), None)

    return await in_time(ended, within_s=_WITHIN_S)


def is_shared(seen: Seen) -> bool:
    """Whether the answer says that all gateways share its quota."""
    quota = quota_told(seen.answer)
    return quota is not None and quota.policy == "default"


def is_success(seen: Seen) -> bool:
    return seen.status == 200
