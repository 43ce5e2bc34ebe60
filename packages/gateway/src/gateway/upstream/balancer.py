"""Which address a call goes to.

The less loaded of two picks at random: nearly as even as asking all, and without the herd that runs to whichever was
the least loaded a moment ago (Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 1996).
"""

from collections.abc import Collection, Sequence
from random import random

from gateway.upstream.endpoint import Endpoint, Standing


def pick(endpoints: Sequence[Endpoint], but: Collection[Endpoint] = ()) -> Endpoint | None:
    """One of those in the best standing; None: no breaker lets a call through. but: those not to take."""
    best: list[Endpoint] = []
    standing = Standing.BROKEN
    for endpoint in endpoints:
        its = endpoint.standing
        if its is Standing.BROKEN or its > standing or endpoint in but:
            continue
        if its < standing:
            best, standing = [], its
        best.append(endpoint)
    if len(best) < 2:
        return best[0] if best else None
    count = len(best)
    first = int(random() * count)  # noqa: S311 (for an even load, not for a secret)
    second = (first + 1 + int(random() * (count - 1))) % count  # noqa: S311
    one, other = best[first], best[second]
    return one if one.in_flight <= other.in_flight else other
