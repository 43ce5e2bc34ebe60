"""The server of the admin port."""

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
    """Serves the admin port inside the `async with`.

    Args:
        hosts: The addresses to listen on.
        port: The port on each of them.
        readiness: Answers /readyz.
        release: What runs here.
        settings: Those in force, by variable, secrets masked.
        log_level: Shown and changed.
        lag: Watched meanwhile; None: a new one.
        further: Pages that only this process has.

    Raises:
        OSError: The port cannot be opened; the message names it.
    """
    lag = lag or LoopLag()
    pages = AdminPages(
        readiness=readiness, release=release, settings=settings, log_level=log_level, lag=lag, further=further
    )
    async with internal_server(pages.app(), hosts=hosts, port=port, name="admin-server"), lag.watched():
        yield
