"""Waits for the first request under load with a certain outcome."""

from collections.abc import Callable

from tests.faults.load import Record, Seen
from tests.faults.quotas import quota_of
from tests.running.polling import in_time

_WITHIN_S = 20.0


async def first_seen(record: Record, kind: str, wanted: Callable[[Seen], bool], since_s: float = 0.0) -> float:
    """Waits for the first matching request that began after ``since_s``, and returns when it ended.

    Both times are in seconds of time.monotonic().

    Raises:
        AssertionError: there was none within 20 s.
    """

    async def ended() -> float | None:
        fit = (seen for seen in record.of(kind, since_s=since_s).seen if wanted(seen))
        return next((seen.started_s + seen.took_s for seen in fit), None)

    return await in_time(ended, within_s=_WITHIN_S)


def is_shared(seen: Seen) -> bool:
    """Returns whether the response reports a quota that all gateways share."""
    quota = quota_of(seen.answer)
    return quota is not None and quota.policy == "default"


def is_success(seen: Seen) -> bool:
    return seen.status == 200
