"""The cost of a feature: the processor time of a process per request without it and with it.

Many short rounds of both alternate, so that a slower machine slows both. The result is the median of the rounds'
ratios, with the interquartile range.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from statistics import quantiles

from benchmarks.cpu import cpu_time_of
from benchmarks.platform import PASSWORD, Platform
from benchmarks.wrk import run_wrk

#: The path that is requested.
PATH = "/api/orders"
#: A busier gateway gives steadier results: with 16, single measurements varied twice as much.
_CONNECTIONS = 64
_ROUNDS = 24
_CLOSING_S = 0.2


@dataclass(frozen=True, slots=True)
class Round:
    """The gateway's processor time per request in microseconds."""

    without_us: float
    with_us: float

    @property
    def overhead_percent(self) -> float:
        return (self.with_us / self.without_us - 1) * 100


def identified(platform: Platform) -> dict[str, str]:
    """Registers a user, and returns the header fields of their requests."""
    account = {"email": "bench@example.com", "name": "Bench", "password": PASSWORD}
    return {"Authorization": f"Bearer {platform.post('/api/users/reg', account)['access_token']}"}


def cpu_us(
    platform: Platform,
    headers: dict[str, str],
    seconds: float,
    meanwhile: AbstractContextManager[None] | None = None,
) -> float:
    """Returns the gateway's processor time per authenticated request in microseconds."""
    with cpu_time_of(platform.pid("gateway")) as spent:
        with meanwhile or nullcontext():
            load = run_wrk(platform.url + PATH, seconds=seconds, connections=_CONNECTIONS, headers=headers)
        # The connections of the load are closed now, which takes time in both cases.
        time.sleep(_CLOSING_S)
    return spent.seconds / load.requests * 1e6


def rounds_of(without: Callable[[float], float], with_it: Callable[[float], float], seconds: float) -> list[Round]:
    """Measures both alternately; each function receives seconds and returns microseconds."""
    rounds = []
    for number in range(_ROUNDS):
        # The order alternates.
        if number % 2:
            without_us, with_us = without(seconds), with_it(seconds)
        else:
            with_us, without_us = with_it(seconds), without(seconds)
        rounds.append(Round(without_us, with_us))
    return rounds


def print_overhead(what: str, rounds: Sequence[Round], aim_percent: float) -> None:
    """Prints a line per round and the result."""
    print(f"\nGateway: processor time per authenticated GET {PATH}, in µs, without and with {what}")
    print(f"{'without':>12} {'with':>12} {'overhead':>12}")
    for each in rounds:
        print(f"{each.without_us:12.0f} {each.with_us:12.0f} {each.overhead_percent:11.1f}%")
    low, middle, high = quantiles([each.overhead_percent for each in rounds], n=4)
    print(f"Overhead: {middle:.1f}%, half of the rounds from {low:.1f} to {high:.1f}% (aim: ≤ {aim_percent:g}%)")
