from gateway.upstream.breaker_telemetry import BreakerTelemetry
from loguru import logger

from tests.unit.gateway.metrics import RecordedMetrics

STATE = "headrace.gateway.breaker.state"


def test_transitions_are_logged_counted_and_shown() -> None:
    recorded, lines = RecordedMetrics(), list[str]()
    telemetry = BreakerTelemetry(recorded.meter, ["a", "b"])
    assert recorded.points(STATE) == [({"upstream": "a"}, 0), ({"upstream": "b"}, 0)]
    sink = logger.add(lines.append, format="{level} {message}")
    for old, new in (("closed", "open"), ("open", "half-open"), ("half-open", "closed")):
        telemetry.on_change("a", old, new)
    telemetry.on_change("b", "closed", "open")
    logger.remove(sink)
    assert recorded.points(STATE) == [({"upstream": "a"}, 0), ({"upstream": "b"}, 2)]
    counted = recorded.points("headrace.gateway.breaker.transitions")
    assert ({"upstream": "a", "state": "half-open"}, 1) in counted
    assert [line.split()[0] for line in lines] == ["WARNING", "WARNING", "INFO", "WARNING"]
    assert "a: closed -> open" in lines[0]
