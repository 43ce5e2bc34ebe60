"""The profiling port."""

from contextlib import AsyncExitStack
from typing import Self

from service_kit.http.internal_server import internal_server
from service_kit.profiling.pages import PprofPages
from service_kit.profiling.timed_runs import TimedRuns
from service_kit.runtime.release import Release


class PprofServer:
    """Serves /debug/pprof/ on each of ``hosts``, at ``port``, while the context is entered; port 0 disables it.

    Raises:
        OSError: The port cannot be opened; the message names it.
    """

    def __init__(self, *, hosts: tuple[str, ...], port: int, release: Release) -> None:
        self._hosts, self._port = hosts, port
        self._runs = TimedRuns()
        self._pages = PprofPages(release, self._runs)
        self._entered = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._port:
            serving = internal_server(self._pages.app(), hosts=self._hosts, port=self._port, name="pprof-server")
            await self._entered.enter_async_context(serving)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._runs.close()
        await self._entered.aclose()

    async def drain(self, _seconds: float) -> None:
        """Ends a running measurement, which answers with what it has; tasks and threads can still be read."""
        self._runs.close()
