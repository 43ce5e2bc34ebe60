"""A collector of traces: an HTTP server that reads the requests of OTLP exporters."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """A received span; ids are hexadecimal, parent_id is empty at a root. error: whether its status is an error."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    state: str
    began_ns: int
    ended_ns: int
    error: bool
    attributes: Mapping[str, str | int | float | bool]


@dataclass
class Collector:
    """Receives spans at `endpoint`. unblocked: while it is not set, requests wait. status: of the responses."""

    unblocked: threading.Event = field(default_factory=threading.Event)
    status: int = 200
    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    _spans: list[SeenSpan] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"

    def environ(self, ratio: float) -> dict[str, str]:
        """Returns the settings with which all processes send their traces here."""
        prefixes = ("GATEWAY", "USER_SVC", "ORDER_SVC")
        endpoints = {f"{prefix}_TRACES_ENDPOINT": self.endpoint for prefix in prefixes}
        return endpoints | {f"{prefix}_TRACES_SAMPLE_RATIO": str(ratio) for prefix in prefixes}

    def take(self, body: bytes) -> None:
        self.messages.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = str(_values(resource.resource.attributes)["service.name"])
            self._spans += (_seen(service, span) for scope in resource.scope_spans for span in scope.spans)

    @property
    def spans(self) -> list[SeenSpan]:
        return list(self._spans)

    def ended(self, trace_id: str, service: str, name: str) -> list[SeenSpan] | None:
        """Returns the trace once this span of it has arrived; None before."""
        trace = self.trace(trace_id)
        return trace if any((span.service, span.name) == (service, name) for span in trace) else None

    def trace(self, trace_id: str) -> list[SeenSpan]:
        """Returns the received spans of one trace in the order in which they began."""
        return sorted((span for span in self.spans if span.trace_id == trace_id), key=lambda span: span.began_ns)


@contextmanager
def running_collector() -> Iterator[Collector]:
    """Yields a running collector."""
    collector = Collector()
    collector.unblocked.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.unblocked.wait()
            assert self.path == "/v1/traces"
            assert self.headers["content-type"] == "application/x-protobuf"
            if collector.status == 200:
                collector.take(body)
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        collector.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            collector.unblocked.set()
            server.shutdown()
            thread.join()


def _seen(service: str, span: Span) -> SeenSpan:
    return SeenSpan(
        service=service,
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        state=span.trace_state,
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        error=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_values(span.attributes),
    )


def _values(attributes: Iterable[KeyValue]) -> dict[str, str | int | float | bool]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> str | int | float | bool:
    kind = value.WhichOneof("value")
    assert kind in {"string_value", "int_value", "double_value", "bool_value"}, kind
    plain: str | int | float | bool = getattr(value, kind)
    return plain
