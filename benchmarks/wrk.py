"""HTTP load by wrk (https://github.com/wg/wrk), limited in time, on loopback."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_REQUESTS = re.compile(r"(\d+) requests in ([\d.]+)(m?)s")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_P99 = re.compile(r"^\s+99%\s+([\d.]+)(us|ms|s)$", re.MULTILINE)
#: Longer than any measurement, in seconds.
_LONG_S = 600
_UNIT_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_BROKEN = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


@dataclass(frozen=True, slots=True)
class Load:
    """The result of a load: answered requests, seconds, and the 99th percentile of the latencies."""

    requests: int
    seconds: float
    p99_s: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def require_wrk() -> None:
    """Exits with a hint if wrk is not installed."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmarks need wrk on PATH: apt-get install wrk, or brew install wrk.")


def run_wrk(url: str, *, seconds: float, connections: int, headers: dict[str, str], script: Path | None = None) -> Load:
    """Requests ``url`` in a loop.

    Raises:
        RuntimeError: a request failed, so the numbers would mean nothing.
    """
    command = _command(url, seconds, connections, headers, script)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counted = _REQUESTS.search(output)
    if counted is None or _REFUSED.search(output) or _BROKEN.search(output):
        raise RuntimeError(f"not every request succeeded:\n{output}")
    unit_s = 0.001 if counted[3] else 1
    slowest = _P99.search(output)
    p99_s = float(slowest[1]) * _UNIT_S[slowest[2]] if slowest is not None else 0.0
    return Load(int(counted[1]), float(counted[2]) * unit_s, p99_s)


@contextmanager
def wrk_in_background(url: str, *, connections: int, script: Path) -> Iterator[None]:
    """Requests ``url`` in a loop within the context, and ignores the responses."""
    process = subprocess.Popen(_command(url, _LONG_S, connections, {}, script), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _command(url: str, seconds: float, connections: int, headers: dict[str, str], script: Path | None) -> list[str]:
    command = ["wrk", "--threads", "1", "--latency", "--connections", str(connections), "--duration", f"{seconds:g}s"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    return [*command, *(["--script", str(script)] if script is not None else []), url]
