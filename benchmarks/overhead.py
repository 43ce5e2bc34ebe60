"""What something costs a process: its processor time per request without it, and with it.

Many short rounds of both are taken in turn, so that a machine that slows down slows both. The result is the median of
the rounds' ratios, with the range of the half of them around it. What else happens on the machine only ever adds time,
so what the quietest quarter of each says stands beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, quantiles

from benchmarks.cpu import cpu_time_of
from benchmarks.platform import PASSWORD, Platform
from benchmarks.wrk import run_wrk

#: What is asked for over and over.
PATH = "/api/orders"
#: The busier the gateway, the steadier: with 16, single measurements differed twice as much.
CONNECTIONS = 64
_ROUNDS = 24
#: A measurement is told to take so much longer than one of ours does.
_SHORTER = 3


@dataclass(frozen=True, slots=True)
class Round:
    """Microseconds of the gateway's processor time per request."""

    without_us: float
    with_us: float

    @property
    def overhead_percent(self) -> float:
        return (self.with_us / self.without_us - 1) * 100


def identified(platform: Platform) -> dict[str, str]:
    """The header fields of somebody who has an account there."""
    account = {"email": "bench@example.com", "name": "Bench", "password": PASSWORD}
    return {"Authorization": f"Bearer {platform.post('/api/users/reg', account)['access_token']}"}


def cpu_us(platform: Platform, headers: dict[str, str], seconds: float) -> float:
    """Microseconds of the gateway's processor time that one of many authenticated requests takes."""
    with cpu_time_of(platform.pid("gateway")) as spent:
        load = run_wrk(platform.url + PATH, seconds=seconds, connections=CONNECTIONS, headers=headers)
    return spent.seconds / load.requests * 1e6


def rounds_of(without: Callable[[float], float], with_it: Callable[[float], float], seconds: float) -> list[Round]:
    """Measure both in turn. Either is told how many seconds to take, whole ones, and gives microseconds."""
    each_s = max(1, round(seconds / _SHORTER))
    rounds = []
    for number in range(_ROUNDS):
        # By turns, the one or the other is the first.
        if number % 2:
            without_us, with_us = without(each_s), with_it(each_s)
        else:
            with_us, without_us = with_it(each_s), without(each_s)
        rounds.append(Round(without_us, with_us))
    return rounds


def print_overhead(what: str, rounds: Sequence[Round], aim_percent: float) -> None:
    """A line per round, and the result."""
    print(f"\nGateway: processor time per authenticated GET {PATH}, in µs, without and with {what}")
    print(f"{'without':>12} {'with':>12} {'overhead':>12}")
    for each in rounds:
        print(f"{each.without_us:12.0f} {each.with_us:12.0f} {each.overhead_percent:11.1f}%")
    quiet = Round(_quiet([each.without_us for each in rounds]), _quiet([each.with_us for each in rounds]))
    low, middle, high = quantiles([each.overhead_percent for each in rounds], n=4)
    half = f"half of the rounds from {low:.1f} to {high:.1f}%"
    by_the_quiet = f"{quiet.overhead_percent:.1f}% by the quietest quarter of each"
    print(f"Overhead: {middle:.1f}% by the median, {half}; {by_the_quiet} (aim: ≤ {aim_percent:g}%)")


def _quiet(measured: Sequence[float]) -> float:
    """The mean of the least quarter."""
    return mean(sorted(measured)[: max(1, len(measured) // 4)])
