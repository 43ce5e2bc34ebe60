"""The overhead of the gateway over its floor: processor time per authenticated GET of an order.

The floor is a plain Hypercorn response of the same bytes, plus the client's side of a plain grpclib call of the same
messages: the least that a gateway on these two libraries can cost. The gateway runs with all its layers and Redis; the
plain grpclib server of the floor stands in for order-svc, so that the measured process is the busy one in all three
measurements. They alternate several times, so that a slower machine slows all of them. Other work on the machine only
adds time, so the minimum of each is closest to the cost of the code; the median of the rounds' ratios is printed too.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import httpx2

from benchmarks.cores import give_own_core, keeping_off_own_core
from benchmarks.cpu import cpu_time_of
from benchmarks.floor_grpc import METHOD
from benchmarks.load_shape import CONNECTIONS, ORDER_ID, ORDER_MESSAGE
from benchmarks.overhead import identified
from benchmarks.platform import PORT_OFFSET, Platform, running_platform
from benchmarks.wrk import run_wrk

_ROUNDS = 6
_HTTP_PORT, _GRPC_PORT = 18_080, 18_051
_AIM = 1.6


@dataclass(frozen=True, slots=True)
class _Round:
    """Processor time per request in microseconds."""

    http_us: float
    grpc_us: float
    gateway_us: float
    gateway_per_second: float

    @property
    def ratio(self) -> float:
        return self.gateway_us / (self.http_us + self.grpc_us)


def run(seconds: float) -> None:
    """Measures, and prints a line per round and the result."""
    message = METHOD.response_class(order=ORDER_MESSAGE).SerializeToString()
    stand_in = {"GATEWAY_UPSTREAMS": f"user-svc=127.0.0.1:{50_051 + PORT_OFFSET},order-svc=127.0.0.1:{_GRPC_PORT}"}
    serving = _program("floor_grpc", "serve", str(_GRPC_PORT), body=message)
    with serving as stand_in_pid, running_platform(stand_in) as platform:
        headers = identified(platform)
        target = f"{platform.url}/api/orders/info?order_id={ORDER_ID}"
        body = httpx2.get(target, headers=headers).raise_for_status().content
        with _program("floor_http", str(_HTTP_PORT), body=body) as http_floor:
            _until_open(f"http://127.0.0.1:{_HTTP_PORT}/")
            give_own_core(http_floor)
            give_own_core(platform.pid("gateway"))
            others = [stand_in_pid, *(platform.pid(name) for name in ("redis", "postgres", "user-svc"))]
            with keeping_off_own_core(others):
                run_wrk(target, seconds=2, connections=CONNECTIONS, headers=headers)  # warms up
                rounds = [_measure(platform, http_floor, target, headers, seconds) for _ in range(_ROUNDS)]
    print("\nGateway: processor time per authenticated GET /api/orders/info, in µs")
    print(f"{'Hypercorn':>12} {'grpclib':>12} {'floor':>12} {'gateway':>12} {'ratio':>8} {'requests/s':>12}")
    for measured in rounds:
        floor = measured.http_us + measured.grpc_us
        print(
            f"{measured.http_us:12.0f} {measured.grpc_us:12.0f} {floor:12.0f} {measured.gateway_us:12.0f}"
            f" {measured.ratio:8.2f} {measured.gateway_per_second:12.0f}"
        )
    least = min(r.gateway_us for r in rounds) / (min(r.http_us for r in rounds) + min(r.grpc_us for r in rounds))
    middle = median(r.ratio for r in rounds)
    print(f"Gateway over floor: {least:.2f}x by the least of each, {middle:.2f}x by the median round (aim: {_AIM}x)")


def _measure(platform: Platform, http_floor: int, target: str, headers: dict[str, str], seconds: float) -> _Round:
    floor = f"http://127.0.0.1:{_HTTP_PORT}/"
    with cpu_time_of(http_floor) as spent:
        load = run_wrk(floor, seconds=seconds, connections=CONNECTIONS, headers=headers)
    http_us = spent.seconds / load.requests * 1e6
    calls = [sys.executable, "-m", "benchmarks.floor_grpc", "call", str(_GRPC_PORT), str(seconds)]
    grpc_us = float(subprocess.run(calls, capture_output=True, text=True, check=True).stdout) * 1e6
    with cpu_time_of(platform.pid("gateway")) as spent:
        load = run_wrk(target, seconds=seconds, connections=CONNECTIONS, headers=headers)
    return _Round(http_us, grpc_us, spent.seconds / load.requests * 1e6, load.per_second)


@contextmanager
def _program(name: str, *arguments: str, body: bytes) -> Iterator[int]:
    """Runs a floor program with ``body`` on its standard input, and yields its process id."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(body)
    process.stdin.close()
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _until_open(url: str) -> None:
    give_up_at = time.monotonic() + 10
    while True:
        try:
            httpx2.get(url)
        except httpx2.TransportError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.05)
        else:
            return
