"""The remaining time of the current request; every wait for another process is cut to it."""

import time

from service_kit.request.context import current_request


def time_left() -> float | None:
    """Returns the seconds until the deadline; None without a deadline, or outside of a request.

    Raises:
        TimeoutError: The deadline has passed, so no new work should begin.
    """
    request = current_request()
    if request is None or request.deadline is None:
        return None
    left_s = request.deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the deadline has passed")
    return left_s


def within_deadline(limit_s: float) -> float:
    """Returns ``limit_s`` cut to the remaining time (seconds); raises TimeoutError after the deadline."""
    left_s = time_left()
    return limit_s if left_s is None else min(limit_s, left_s)
