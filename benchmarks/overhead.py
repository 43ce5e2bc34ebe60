"""What something costs a process: its processor time per request without it, and with it.

Rounds of both are taken in turn, so that a machine that slows down slows both. What else happens on the machine only
ever adds time, so the least of each is the closest to what it costs; the median of the rounds' ratios stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cpu import cpu_time_of
from benchmarks.load_shape import CONNECTIONS
from benchmarks.platform import PASSWORD, Platform
from benchmarks.wrk import run_wrk

#: What is asked for over and over.
PATH = "/api/orders"


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


def print_overhead(what: str, rounds: Sequence[Round], aim_percent: float) -> None:
    """A line per round, and the result."""
    print(f"\nGateway: processor time per authenticated GET {PATH}, in µs, without and with {what}")
    print(f"{'without':>12} {'with':>12} {'overhead':>12}")
    for each in rounds:
        print(f"{each.without_us:12.0f} {each.with_us:12.0f} {each.overhead_percent:11.1f}%")
    least = Round(min(each.without_us for each in rounds), min(each.with_us for each in rounds)).overhead_percent
    middle = median(each.overhead_percent for each in rounds)
    print(f"Overhead: {least:.1f}% by the least of each, {middle:.1f}% by the median round (aim: ≤ {aim_percent:g}%)")
