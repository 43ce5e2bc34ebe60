"""What is counted and logged of the calls that a server answers."""

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
_OUR_FAULT = frozenset({Status.UNKNOWN, Status.INTERNAL, Status.DATA_LOSS})


class CallTelemetry:
    """Metrics (OpenTelemetry's semantic conventions for RPC) and one log line a call.

    in_flight: the calls in progress. idle: set while there are none.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.idle = asyncio.Event()
        self.idle.set()
        _servers.add(self)

    def begin(self) -> float:
        self.in_flight += 1
        self.idle.clear()
        return time.perf_counter()

    def end(self, method: str, status: Status, code: str, started: float, sent_bytes: int) -> None:
        """A call has ended. code: the reason of a refusal. started: what `begin` gave. sent_bytes: of the answer."""
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
        request_lines.write(__name__, "ERROR" if status in _OUR_FAULT else "INFO", "rpc", fields)


def _observe_active(_options: CallbackOptions) -> Iterable[Observation]:
    """Observed when scraped: a call pays for nothing but an addition."""
    return [Observation(sum(server.in_flight for server in _servers))]


_servers: WeakSet[CallTelemetry] = WeakSet()
meter("service_kit.grpc").create_observable_up_down_counter(
    "rpc.server.active_calls", [_observe_active], unit="{call}", description="Calls in progress"
)
