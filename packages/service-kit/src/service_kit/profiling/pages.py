"""The addresses under /debug/pprof/."""

import sys
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from service_kit.http.internal_server import ONE_ANSWER
from service_kit.http.own_pages import OwnPagesMiddleware
from service_kit.logs.redaction import redact
from service_kit.profiling import text
from service_kit.profiling.answers import INERT, client_closed_request, number, plain, rendered
from service_kit.profiling.cpu_sampler import CpuSampler
from service_kit.profiling.heap import AllocationTrace, live_objects
from service_kit.profiling.index import index_page
from service_kit.profiling.tasks import task_states, tasks_profile
from service_kit.profiling.threads import thread_states, threads_profile
from service_kit.profiling.timed_runs import LONGEST_S, TimedRuns
from service_kit.runtime.release import Release

ROOT = "/debug/pprof/"


class PprofPages:
    """The endpoints of a process. runs: admits one measurement over time at once."""

    def __init__(self, release: Release, runs: TimedRuns) -> None:
        self._release, self._runs = release, runs

    def app(self) -> ASGIApp:
        """Returns the application; it refuses requests from other sites' pages."""
        pages = {
            "": self.index,
            "profile": self.cpu,
            "heap": self.heap,
            "goroutine": self.goroutine,
            "threadcreate": self.threadcreate,
            "cmdline": self.cmdline,
            "symbol": self.symbol,
        }
        routes = [Route(ROOT + name, page) for name, page in pages.items()]
        routes += [Route(path, self.elsewhere) for path in ("/", ROOT.rstrip("/"))]
        own = [Middleware(OwnPagesMiddleware)]
        return Starlette(routes=routes, middleware=own, exception_handlers={HTTPException: _refusal})

    async def index(self, _request: Request) -> Response:
        """Lists the profiles, with counts."""
        return HTMLResponse(index_page(self._release), headers=ONE_ANSWER | INERT)

    async def elsewhere(self, _request: Request) -> Response:
        """Redirects to the index."""
        return RedirectResponse(ROOT, headers=ONE_ANSWER)

    async def cpu(self, request: Request) -> Response:
        """`profile?seconds=30&hz=100`: a CPU profile."""
        seconds = number(request, "seconds", default=30, low=1, high=LONGEST_S)
        hz = number(request, "hz", default=100, low=1, high=250)
        with self._runs.alone("A CPU profile", seconds), CpuSampler(hz) as sampler:
            connected = await self._runs.last(seconds, request.receive)
        return await rendered(request, sampler.profile, self._release) if connected else client_closed_request()

    async def heap(self, request: Request) -> Response:
        """`heap?gc=1`: live objects by type. `heap?seconds=10`: allocations that are still alive, by call site."""
        if "seconds" not in request.query_params:
            collect = number(request, "gc", default=0, low=0, high=1) == 1
            return await rendered(request, lambda: live_objects(collect=collect), self._release)
        seconds = number(request, "seconds", default=10, low=1, high=LONGEST_S)
        with self._runs.alone("A recording of allocations", seconds), _recording() as trace:
            connected = await self._runs.last(seconds, request.receive)
        return await rendered(request, trace.profile, self._release) if connected else client_closed_request()

    async def goroutine(self, request: Request) -> Response:
        """The asyncio tasks. `debug=1`: as text, grouped by stack; `debug=2`: one by one."""
        states = task_states()
        match number(request, "debug", default=0, low=0, high=2):
            case 2:
                return plain(text.every_task(states))
            case 1:
                return plain(text.grouped(tasks_profile(states)))
        return await rendered(request, lambda: tasks_profile(states), self._release)

    async def threadcreate(self, request: Request) -> Response:
        """The threads; `debug` as for the tasks."""
        states = thread_states()
        match number(request, "debug", default=0, low=0, high=2):
            case 2:
                return plain(text.every_thread(states))
            case 1:
                return plain(text.grouped(threads_profile(states)))
        return await rendered(request, lambda: threads_profile(states), self._release)

    async def cmdline(self, _request: Request) -> Response:
        """The command line, its words separated by NUL."""
        return plain(redact("\0".join(sys.orig_argv)))

    async def symbol(self, _request: Request) -> Response:
        """Symbol lookup, which pprof asks for: none, because these profiles hold names instead of addresses."""
        return plain("num_symbols: 0\n")


def _recording() -> AllocationTrace:
    try:
        return AllocationTrace()
    except RuntimeError as exc:
        raise HTTPException(409, str(exc)) from exc


async def _refusal(_request: Request, exception: Exception) -> Response:
    refusal = cast("HTTPException", exception)
    detail = f"See GET {ROOT} for all pages." if refusal.status_code in {404, 405} else refusal.detail
    return plain(f"{detail}\n", refusal.status_code, refusal.headers)
