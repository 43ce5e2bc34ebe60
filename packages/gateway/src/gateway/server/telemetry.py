"""Metrics of the server: connections, refusals by cause, and unsent bytes."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.telemetry.metrics import from_zero


class Cause(StrEnum):
    """Why the server refused a request, or aborted a connection."""

    MALFORMED = "malformed"
    NOT_IMPLEMENTED = "not_implemented"
    VERSION = "version"
    TARGET_TOO_LONG = "target_too_long"
    EXPECTATION = "expectation"
    HEADERS_TOO_LARGE = "headers_too_large"
    HEADERS_TIMEOUT = "headers_timeout"
    REQUEST_TIMEOUT = "request_timeout"
    SLOW_READER = "slow_reader"
    UNSENT_BYTES = "unsent_bytes"
    CLIENT_CONNECTIONS = "client_connections"
    CONNECTIONS = "connections"
    DESCRIPTORS = "descriptors"
    HTTP2_RESETS = "http2_resets"
    HTTP2_CONTROL_FRAMES = "http2_control_frames"
    HTTP2_HEADERS = "http2_headers"
    HTTP2_PROTOCOL = "http2_protocol"
    HTTP2_STREAM = "http2_stream"


class EdgeTelemetry:
    """Counts refusals by cause, and observes connections by state."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._refusals = meter.create_counter(
            "headrace.gateway.edge.refusals",
            unit="{refusal}",
            description="Requests and connections that the server refused before the application saw them.",
        )
        from_zero(self._refusals, *({"cause": cause.value} for cause in Cause))

    def refused(self, cause: Cause) -> None:
        """Counts one refusal."""
        self._refusals.add(1, {"cause": cause.value})

    def observe_connections(self, counts: Callable[[], tuple[int, int]]) -> None:
        """Observes the numbers of idle and of busy connections that ``counts`` returns."""

        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            idle, busy = counts()
            return [Observation(idle, {"state": "idle"}), Observation(busy, {"state": "busy"})]

        self._meter.create_observable_up_down_counter(
            "headrace.gateway.connections",
            callbacks=[observe],
            unit="{connection}",
            description="Open connections of clients.",
        )

    def observe_unsent(self, held_bytes: Callable[[], int]) -> None:
        """Observes how much of responses waits for clients, which ``held_bytes`` returns."""
        self._meter.create_observable_up_down_counter(
            "headrace.gateway.unsent",
            callbacks=[lambda _options: [Observation(held_bytes())]],
            unit="By",
            description="Responses that clients have not read.",
        )
