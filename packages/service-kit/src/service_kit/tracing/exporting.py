"""Traces to a collector, for as long as a process lives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from opentelemetry.trace import NoOpTracer

from service_kit.runtime.release import Release
from service_kit.telemetry.metrics import meter
from service_kit.tracing.request_tracer import RequestTracer

#: How long one batch may take to be sent, other attempts included, and the last ones at the end (seconds).
_SEND_S = 5.0
_FINISH_S = 0.5


class ExportSettings(Protocol):
    """Where traces go; see `TracingSettings`."""

    @property
    def traces_endpoint(self) -> str | None: ...
    @property
    def traces_sample_ratio(self) -> float: ...


@asynccontextmanager
async def exported_traces(settings: ExportSettings, release: Release) -> AsyncIterator[RequestTracer | None]:
    """Begins spans while the context is entered, and sends them; None: the settings name no collector.

    ModuleNotFoundError: they do, and the extra `service-kit[otlp]` is not installed.
    """
    if settings.traces_endpoint is None:
        yield None
        return
    # Imported here: who exports nothing has neither the extra nor the time and memory for it to spare.
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError("traces need the extra service-kit[otlp], which is not installed") from exc
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415
    from requests import Session  # noqa: PLC0415

    from service_kit.tracing.span_queue import SpanQueue  # noqa: PLC0415

    session = Session()
    # A proxy of the environment (HTTP_PROXY) is for addresses elsewhere: it would look for the collector on itself.
    session.trust_env = not _is_loopback(settings.traces_endpoint)
    exporter = OTLPSpanExporter(settings.traces_endpoint, timeout=_SEND_S, session=session)
    queue = SpanQueue(exporter, meter(__name__))
    resource = Resource.create({"service.name": release.service, "service.version": release.version})
    # What is not to be recorded never gets there: see RequestTracer.
    provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
    provider.add_span_processor(queue)
    tracer = provider.get_tracer("headrace")
    try:
        # OTEL_SDK_DISABLED: spans without ids would be no part of any trace.
        is_off = isinstance(tracer, NoOpTracer)
        yield None if is_off else RequestTracer(tracer, settings.traces_sample_ratio)
    finally:
        await queue.finish(_FINISH_S)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
