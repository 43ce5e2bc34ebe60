"""The cost of a CPU profile for the profiled process.

The cost includes the end of a profile, when names are looked up and the profile is written; that takes as long after a
few seconds as after the usual thirty.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import httpx2

from benchmarks.cores import give_own_core, keeping_off_own_core
from benchmarks.overhead import cpu_us, identified, print_overhead, rounds_of
from benchmarks.platform import PORT_OFFSET, Platform, running_platform

_PROFILE = f"http://127.0.0.1:{6060 + PORT_OFFSET}/debug/pprof/profile"
_AIM_PERCENT = 3


def run(seconds: float) -> None:
    """Measures, and prints a line per round and the result."""
    with running_platform() as platform:
        headers = identified(platform)
        give_own_core(platform.pid("gateway"))
        others = [platform.pid(name) for name in ("redis", "postgres", "user-svc", "order-svc")]
        with keeping_off_own_core(others):
            cpu_us(platform, headers, 2)  # warms up
            rounds = rounds_of(partial(cpu_us, platform, headers), partial(_cpu_us, platform, headers), seconds)
    print_overhead("a CPU profile at 100 Hz", rounds, _AIM_PERCENT)


def _cpu_us(platform: Platform, headers: dict[str, str], seconds: float) -> float:
    """Returns the same as `cpu_us`, with a profile of exactly that time."""
    return cpu_us(platform, headers, seconds, _profile(seconds))


@contextmanager
def _profile(seconds: float) -> Iterator[None]:
    """Takes a profile of whole seconds within the context, and waits for it at the end."""
    params = {"seconds": str(round(seconds))}
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(httpx2.get, _PROFILE, params=params, timeout=seconds + 30)
        yield
        asked.result().raise_for_status()
