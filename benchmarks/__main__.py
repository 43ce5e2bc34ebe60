"""`just bench`: runs all benchmarks, or those named, and prints the results."""

import argparse
import sys
from collections.abc import Callable

from benchmarks import admission_cost, full_page, gateway_overhead, login_storm, logins, memory, profiling, telemetry
from benchmarks.wrk import require_wrk

_BENCHMARKS: dict[str, Callable[[float], None]] = {
    "admission-cost": admission_cost.run,
    "full-page": full_page.run,
    "gateway": gateway_overhead.run,
    "logins": logins.run,
    "login-storm": login_storm.run,
    "memory": memory.run,
    "profiling": profiling.run,
    "telemetry": telemetry.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="just bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(_BENCHMARKS)} (all)")
    parser.add_argument("--seconds", type=int, default=3, help="how long each measurement takes (3)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in _BENCHMARKS]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    require_wrk()
    for name in arguments.names or _BENCHMARKS:
        _BENCHMARKS[name](arguments.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
