"""Load over HTTP, by wrk (https://github.com/wg/wrk): bounded in time, aimed at loopback."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_REQUESTS = re.compile(r"(\d+) requests in ([\d.]+)(m?)s")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_BROKEN = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


@dataclass(frozen=True, slots=True)
class Load:
    """What a load achieved: requests answered, and in how many seconds."""

    requests: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def require_wrk() -> None:
    """Exit with a word of advice where wrk is not installed."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmarks need wrk on PATH: apt-get install wrk, or brew install wrk.")


def run_wrk(url: str, *, seconds: float, connections: int, headers: dict[str, str], script: Path | None = None) -> Load:
    """Ask for ``url`` over and over. RuntimeError: an answer was no success, so the numbers would mean nothing."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:g}s"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    if script is not None:
        command += ["--script", str(script)]
    output = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    counted = _REQUESTS.search(output)
    if counted is None or _REFUSED.search(output) or _BROKEN.search(output):
        raise RuntimeError(f"not every request succeeded:\n{output}")
    unit_s = 0.001 if counted[3] else 1
    return Load(int(counted[1]), float(counted[2]) * unit_s)
