"""Work for a profiler to find: it uses processor time, however busy the machine is."""

import asyncio
import hashlib
import time

from service_kit.request.context import RequestContext, enter_request
from service_kit.telemetry.trace_context import continue_trace


def burn(cpu_s: float) -> None:
    """Uses ``cpu_s`` seconds of processor time in this thread."""
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        sum(range(500))


def burn_in_c(cpu_s: float) -> None:
    """Does the same in C code that releases the interpreter's lock."""
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 20_000)


def request(route: str, rpc: str = "") -> RequestContext:
    return RequestContext("request-1", continue_trace(None), route=route, rpc=rpc)


async def serve(route: str, cpu_s: float, turns: int = 20) -> None:
    """Works on a request to ``route`` in ``turns`` loop iterations, interleaved with other tasks."""
    enter_request(request(route, f"demo.v1.Demo/{route.strip('/')}"))
    for _ in range(turns):
        burn(cpu_s / turns)
        await asyncio.sleep(0)
