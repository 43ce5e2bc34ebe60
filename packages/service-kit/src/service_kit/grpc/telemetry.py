"""Metrics and log lines of the calls that a server answers."""

import asyncio
import time
from collections.abc import Iterable
from weakref import WeakSet

from grpclib.const import Status
from opentelemetry.metrics import CallbackOptions, Observation

from service_kit.logs import request_lines
from service_kit.request.context import current_request
from service_kit.telemetry.metrics import meter
from service_kit.telemetry.seconds_histogram import seconds_histogram

_duration = seconds_histogram(
    "rpc.server.call.duration",
    "How long calls took, by method and status",
    "rpc.method",
    "rpc.response.status_code",
)
_SERVER_ERRORS = frozenset({Status.UNKNOWN, Status.INTERNAL, Status.DATA_LOSS})


class CallTelemetry:
    """Metrics (OpenTelemetry's semantic conventions for RPC) and one log line per call.

    Attributes:
        in_flight: The number of calls in progress.
        idle: Set while there are none.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.idle = asyncio.Event()
        self.idle.set()
        _servers.add(self)

    def begin(self) -> float:
        """Counts a call in progress; returns when it began, for `end`."""
        self.in_flight += 1
        self.idle.clear()
        return time.perf_counter()

    def end(self, method: str, status: Status, code: str, started: float, sent_bytes: int) -> None:
        """Counts and logs a call that has ended.

        Args:
            method: Its full name.
            status: Of the response.
            code: The reason of a refusal.
            started: What `begin` has returned.
            sent_bytes: Of the response.
        """
        self.in_flight -= 1
        if not self.in_flight:
            self.idle.set()
        elapsed_s = time.perf_counter() - started
        request = current_request()
        sampled = request.trace if request is not None and request.span is not None else None
        _duration.record(elapsed_s, method, status.name, sampled=sampled)
        fields = {
            "method": method,
            "status": status.name,
            "code": code,
            "duration_ms": round(elapsed_s * 1000, 2),
            "bytes": sent_bytes,
        }
        request_lines.write(__name__, "ERROR" if status in _SERVER_ERRORS else "INFO", "rpc", fields)


def _observe_active(_options: CallbackOptions) -> Iterable[Observation]:
    """Counts when metrics are scraped, so that a call costs only an addition."""
    return [Observation(sum(server.in_flight for server in _servers))]


_servers: WeakSet[CallTelemetry] = WeakSet()
meter("service_kit.grpc").create_observable_up_down_counter(
    "rpc.server.active_calls", [_observe_active], unit="{call}", description="Calls in progress"
)
