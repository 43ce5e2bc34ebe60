"""What every process starts with: its log, metrics, admin port, profiles and traces."""

from collections.abc import Sequence
from typing import Protocol

from service_kit import logs
from service_kit.admin import FurtherPage, admin_server
from service_kit.lifecycle import Lifecycle
from service_kit.profiling import PprofServer
from service_kit.runtime.release import Release
from service_kit.settings import in_force
from service_kit.telemetry import metrics
from service_kit.telemetry.loop_lag import LoopLag
from service_kit.tracing.exporting import ExportSettings, exported_traces
from service_kit.tracing.request_tracer import RequestTracer


class ProcessSettings(ExportSettings, Protocol):
    """The settings that every process has."""

    @property
    def log_level(self) -> str: ...
    @property
    def log_format(self) -> str: ...
    @property
    def admin_host(self) -> tuple[str, ...]: ...
    @property
    def admin_port(self) -> int: ...
    @property
    def pprof_host(self) -> tuple[str, ...]: ...
    @property
    def pprof_port(self) -> int: ...


async def start_process(
    lifecycle: Lifecycle,
    release: Release,
    settings: ProcessSettings,
    prefix: str,
    *,
    lag: LoopLag | None = None,
    pages: Sequence[FurtherPage] = (),
) -> RequestTracer | None:
    """Configures logging and metrics, opens the admin port and the port of profiles, and begins to export traces.

    Args:
        lifecycle: Closes all of it when the process ends.
        release: Names the service in log lines, metrics and traces.
        settings: The process's settings; the admin port shows them, secrets masked.
        prefix: Of the settings' environment variables, such as "GATEWAY_".
        lag: The event loop's lag, for a process that shows it elsewhere too.
        pages: Of this process alone, on the admin port.

    Returns:
        What begins the spans of requests; None if the settings name no collector.

    Raises:
        ProcessFailedError: A port cannot be opened, or traces cannot be exported.
    """
    name, version = release.service, release.version
    log_level = logs.configure(service=name, version=version, level=settings.log_level, form=settings.log_format)
    metrics.start(service=name, version=version, revision=release.commit)
    admin = admin_server(
        hosts=settings.admin_host,
        port=settings.admin_port,
        readiness=lifecycle.readiness,
        release=release,
        settings=in_force(settings, prefix),
        log_level=log_level,
        lag=lag,
        further=pages,
    )
    await lifecycle.enter("admin", admin)
    pprof = PprofServer(hosts=settings.pprof_host, port=settings.pprof_port, release=release)
    profiles = await lifecycle.enter("pprof", pprof)
    lifecycle.on_drain("pprof", profiles.drain)
    return await lifecycle.enter("traces", exported_traces(settings, release))
