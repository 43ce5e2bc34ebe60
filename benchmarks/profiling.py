"""What a CPU profile costs the process that it is taken of: processor time per request, with one and without.

Rounds of both are taken in turn, so that a machine that slows down slows both. With a profile, its last part is counted
too: names are looked up and the profile is written. What else happens on the machine only ever adds time, so the least
of each is the closest to what it costs; the median of the rounds' ratios stands beside it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import httpx2

from benchmarks.cores import give_own_core, keeping_off_own_core
from benchmarks.cpu import cpu_time_of
from benchmarks.load_shape import CONNECTIONS
from benchmarks.platform import PASSWORD, PORT_OFFSET, Platform, running_platform
from benchmarks.wrk import run_wrk

_ROUNDS = 8
_PROFILE = f"http://127.0.0.1:{6060 + PORT_OFFSET}/debug/pprof/profile"
_AIM_PERCENT = 3


@dataclass(frozen=True, slots=True)
class _Round:
    """Microseconds of the gateway's processor time per request."""

    without_us: float
    with_us: float

    @property
    def overhead_percent(self) -> float:
        return (self.with_us / self.without_us - 1) * 100


def run(seconds: float) -> None:
    """Measure, and print a line per round and the result."""
    with running_platform() as platform:
        account = {"email": "bench@example.com", "name": "Bench", "password": PASSWORD}
        headers = {"Authorization": f"Bearer {platform.post('/api/users/reg', account)['access_token']}"}
        give_own_core(platform.pid("gateway"))
        others = [platform.pid(name) for name in ("redis", "postgres", "user-svc", "order-svc")]
        with keeping_off_own_core(others):
            _cpu_us(platform, headers, 2)  # warms up
            rounds = [_measure(platform, headers, seconds) for _ in range(_ROUNDS)]
    print(
        "\nGateway: processor time per authenticated GET /api/orders, in µs, without and with a CPU profile at 100 Hz"
    )
    print(f"{'without':>12} {'with':>12} {'overhead':>12}")
    for measured in rounds:
        print(f"{measured.without_us:12.0f} {measured.with_us:12.0f} {measured.overhead_percent:11.1f}%")
    least = _Round(min(each.without_us for each in rounds), min(each.with_us for each in rounds)).overhead_percent
    middle = median(each.overhead_percent for each in rounds)
    print(f"Overhead: {least:.1f}% by the least of each, {middle:.1f}% by the median round (aim: < {_AIM_PERCENT}%)")


def _measure(platform: Platform, headers: dict[str, str], seconds: float) -> _Round:
    without_us = _cpu_us(platform, headers, seconds)
    with cpu_time_of(platform.pid("gateway")) as spent, _profile(seconds + 1):
        load = run_wrk(f"{platform.url}/api/orders", seconds=seconds, connections=CONNECTIONS, headers=headers)
    return _Round(without_us, spent.seconds / load.requests * 1e6)


def _cpu_us(platform: Platform, headers: dict[str, str], seconds: float) -> float:
    with cpu_time_of(platform.pid("gateway")) as spent:
        load = run_wrk(f"{platform.url}/api/orders", seconds=seconds, connections=CONNECTIONS, headers=headers)
    return spent.seconds / load.requests * 1e6


@contextmanager
def _profile(seconds: float) -> Iterator[None]:
    """Take a profile meanwhile, of whole seconds, and wait for it at the end."""
    params = {"seconds": str(round(seconds))}
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(httpx2.get, _PROFILE, params=params, timeout=seconds + 30)
        yield
        asked.result().raise_for_status()
