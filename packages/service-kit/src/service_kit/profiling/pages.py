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
from service_kit.profiling.answers import INERT, nobody_listens, number, plain, rendered
from service_kit.profiling.cpu_sampler import CpuSampler
from service_kit.profiling.heap import AllocationTrace, live_objects
from service_kit.profiling.index import index_page
from service_kit.profiling.tasks import task_states, tasks_profile
from service_kit.profiling.threads import thread_states, threads_profile
from service_kit.profiling.timed_runs import LONGEST_S, TimedRuns
from service_kit.runtime.release import Release

ROOT = "/debug/pprof/"


class PprofPages:
    """The endpoints of a process; ``runs`` says which of them may measure over time."""

    def __init__(self, release: Release, runs: TimedRuns) -> None:
        self._release, self._runs = release, runs

    def app(self) -> ASGIApp:
        """All of them, for this port's own pages, and for tools that are no browser."""
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
        """What there is, and how many."""
        return HTMLResponse(index_page(self._release), headers=ONE_ANSWER | INERT)

    async def elsewhere(self, _request: Request) -> Response:
        """To the index."""
        return RedirectResponse(ROOT, headers=ONE_ANSWER)

    async def cpu(self, request: Request) -> Response:
        """`profile?seconds=30&hz=100`: where processor time goes."""
        seconds = number(request, "seconds", default=30, low=1, high=LONGEST_S)
        hz = number(request, "hz", default=100, low=1, high=250)
        with self._runs.alone("A CPU profile", seconds), CpuSampler(hz) as sampler:
            wanted = await self._runs.last(seconds, request.receive)
        return await rendered(request, sampler.profile, self._release) if wanted else nobody_listens()

    async def heap(self, request: Request) -> Response:
        """`heap?gc=1`: objects by type. `heap?seconds=10`: what is allocated meanwhile and stays, by where."""
        if "seconds" not in request.query_params:
            collect = number(request, "gc", default=0, low=0, high=1) == 1
            return await rendered(request, lambda: live_objects(collect=collect), self._release)
        seconds = number(request, "seconds", default=10, low=1, high=LONGEST_S)
        with self._runs.alone("A recording of allocations", seconds), _recording() as trace:
            wanted = await self._runs.last(seconds, request.receive)
        return await rendered(request, trace.profile, self._release) if wanted else nobody_listens()

    async def goroutine(self, request: Request) -> Response:
        """The asyncio tasks. `debug=1`: as text, alike ones together; `debug=2`: each one."""
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
        """The command line, a NUL between its words."""
        return plain(redact("\0".join(sys.orig_argv)))

    async def symbol(self, _request: Request) -> Response:
        """Names for addresses: there are none, for our profiles have names in them and no addresses."""
        return plain("num_symbols: 0\n")


def _recording() -> AllocationTrace:
    try:
        return AllocationTrace()
    except RuntimeError as exc:
        raise HTTPException(409, str(exc)) from exc


async def _refusal(_request: Request, exception: Exception) -> Response:
    refusal = cast("HTTPException", exception)
    detail = f"There is GET {ROOT}, which lists the rest." if refusal.status_code in {404, 405} else refusal.detail
    return plain(f"{detail}\n", refusal.status_code, refusal.headers)
