"""How long the current request still has: whatever makes it wait for others asks here first."""

import time

from service_kit.request.context import current_request


def time_left() -> float | None:
    """Seconds until the answer is due; None: nobody waits for one, or not until a certain time.

    TimeoutError: it is too late, so nothing should be begun any more.
    """
    request = current_request()
    if request is None or request.deadline is None:
        return None
    left_s = request.deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the deadline has passed")
    return left_s


def within_deadline(limit_s: float) -> float:
    """``limit_s``, or what is left where that is less (seconds). TimeoutError: nothing is."""
    left_s = time_left()
    return limit_s if left_s is None else min(limit_s, left_s)
