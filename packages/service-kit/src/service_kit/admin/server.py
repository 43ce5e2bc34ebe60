"""The admin port, for as long as the process lives."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from service_kit.admin.pages import AdminPages, FurtherPage
from service_kit.http.internal_server import internal_server
from service_kit.lifecycle.readiness import Readiness
from service_kit.logs import LogLevel
from service_kit.runtime.release import Release
from service_kit.telemetry.loop_lag import LoopLag


@asynccontextmanager
async def admin_server(
    *,
    hosts: tuple[str, ...],
    port: int,
    readiness: Readiness,
    release: Release,
    settings: Mapping[str, str],
    log_level: LogLevel,
    lag: LoopLag | None = None,
    further: Sequence[FurtherPage] = (),
) -> AsyncIterator[None]:
    """Serve the admin port inside the `async with`. OSError: the port is not to be had; its text names it.

    settings: those in force, for people, by variable; secrets masked. lag: is watched meanwhile; None: one that nobody
    else sees. further: what this process has beside what all have.
    """
    lag = lag or LoopLag()
    pages = AdminPages(
        readiness=readiness, release=release, settings=settings, log_level=log_level, lag=lag, further=further
    )
    async with internal_server(pages.app(), hosts=hosts, port=port, name="admin-server"), lag.watched():
        yield
