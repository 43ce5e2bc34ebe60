"""Exports traces to a collector until the process ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from opentelemetry.trace import NoOpTracer

from service_kit.runtime.release import Release
from service_kit.telemetry.metrics import meter
from service_kit.tracing.request_tracer import RequestTracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

#: The longest time (seconds) for sending one batch, retries included, and for the last ones at the end.

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
    """Yields a tracer whose spans are exported; None if the settings name no collector.

    Raises:
        ModuleNotFoundError: The settings name a collector, and the extra `service-kit[otlp]` is not installed.
    """
    if settings.traces_endpoint is None:
        yield None
        return
    exporter = _exporter(settings.traces_endpoint)
    # Imported here: without export, their time and memory are saved.
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON  # noqa: PLC0415

    from service_kit.tracing.span_queue import SpanQueue  # noqa: PLC0415

    queue = SpanQueue(exporter, meter(__name__))
    resource = Resource.create({"service.name": release.service, "service.version": release.version})
    # Always on: RequestTracer samples before a span is made.
    provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
    provider.add_span_processor(queue)
    tracer = provider.get_tracer("headrace")
    try:
        # With OTEL_SDK_DISABLED, spans have no ids and belong to no trace.
        is_off = isinstance(tracer, NoOpTracer)
        yield None if is_off else RequestTracer(tracer, settings.traces_sample_ratio)
    finally:
        await queue.finish(_FINISH_S)


def _exporter(endpoint: str) -> "SpanExporter":
    # Imported here: without export, the extra is not needed.
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError("traces need the extra service-kit[otlp], which is not installed") from exc
    from requests import Session  # noqa: PLC0415

    session = Session()
    # A proxy of the environment (HTTP_PROXY) cannot reach a collector on this machine's loopback address.
    session.trust_env = not _is_loopback(endpoint)
    return OTLPSpanExporter(endpoint, timeout=_SEND_S, session=session)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
