"""A throttle for the method that fake endpoints have."""

from gateway.limits.throttle import Throttle, ThrottleConfig
from gateway.limits.throttle_telemetry import ThrottleTelemetry

from tests.unit.gateway.limits.methods import method
from tests.unit.gateway.metrics import RecordedMetrics

RPC = "thing.v1.ThingService/GetThing"


def throttle(permits: int, max_queue: int = 0, max_wait_s: float = 5.0) -> Throttle:
    """Returns a throttle with a constant number of permits."""
    config = ThrottleConfig(permits, permits, max_queue, max_wait_s)
    return Throttle([method(RPC)], config, ThrottleTelemetry(RecordedMetrics().meter))
