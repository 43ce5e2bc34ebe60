"""A throttle for the method that fake endpoints have."""

from gateway.limits.throttle import Throttle, ThrottleTerms
from gateway.limits.throttle_telemetry import ThrottleTelemetry

from tests.unit.gateway.limits.methods import method
from tests.unit.gateway.metrics import RecordedMetrics

RPC = "thing.v1.ThingService/GetThing"


def throttle(places: int, max_queue: int = 0, max_wait_s: float = 5.0) -> Throttle:
    """With so many places, more or less never."""
    terms = ThrottleTerms(places, places, max_queue, max_wait_s)
    return Throttle([method(RPC)], terms, ThrottleTelemetry(RecordedMetrics().meter))
