"""What a CPU profile costs the process that it is taken of.

With a profile, its last part is counted too: names are looked up and the profile is written. It takes as long after a
profile of a few seconds as after one of the usual thirty.
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
    """Measure, and print a line per round and the result."""
    with running_platform() as platform:
        headers = identified(platform)
        give_own_core(platform.pid("gateway"))
        others = [platform.pid(name) for name in ("redis", "postgres", "user-svc", "order-svc")]
        with keeping_off_own_core(others):
            cpu_us(platform, headers, 2)  # warms up
            rounds = rounds_of(partial(cpu_us, platform, headers), partial(_cpu_us, platform, headers), seconds)
    print_overhead("a CPU profile at 100 Hz", rounds, _AIM_PERCENT)


def _cpu_us(platform: Platform, headers: dict[str, str], seconds: float) -> float:
    """The same as `cpu_us`, with a profile of just that time."""
    return cpu_us(platform, headers, seconds, _profile(seconds))


@contextmanager
def _profile(seconds: float) -> Iterator[None]:
    """Take a profile meanwhile, of whole seconds, and wait for it at the end."""
    params = {"seconds": str(round(seconds))}
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(httpx2.get, _PROFILE, params=params, timeout=seconds + 30)
        yield
        asked.result().raise_for_status()
