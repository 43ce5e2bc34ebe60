from dataclasses import dataclass
from typing import Any, cast

from gateway.upstream.address import Address
from gateway.upstream.endpoint import Endpoint, Standing
from gateway.upstream.retry_budget import RetryBudget
from gateway.upstream.telemetry import UpstreamTelemetry
from loguru import logger

from tests.unit.gateway.metrics import RecordedMetrics

FIRST, SECOND = Address("192.0.2.1", 1), Address("::1", 2)


@dataclass
class FakeBreaker:
    state: str = "closed"


@dataclass
class FakeEndpoint:
    address: Address
    breaker: FakeBreaker
    standing: Standing = Standing.READY
    in_flight: int = 0


def endpoint(address: Address, state: str = "closed", **more: Any) -> Endpoint:
    return cast("Endpoint", FakeEndpoint(address, FakeBreaker(state), **more))


def test_transitions_are_logged_and_counted_by_address() -> None:
    recorded, lines = RecordedMetrics(), list[str]()
    telemetry = UpstreamTelemetry(recorded.meter)
    sink = logger.add(lines.append, format="{level} {message}")
    for old, new in (("closed", "open"), ("open", "half-open"), ("half-open", "closed")):
        telemetry.breaker_changed("a", FIRST, old, new)
    telemetry.breaker_changed("a", SECOND, "closed", "open")
    logger.remove(sink)
    counted = recorded.points("headrace.gateway.breaker.transitions")
    assert ({"upstream": "a", "address": "192.0.2.1:1", "state": "half-open"}, 1) in counted
    assert ({"upstream": "a", "address": "[::1]:2", "state": "open"}, 1) in counted
    assert [line.split()[0] for line in lines] == ["WARNING", "WARNING", "INFO", "WARNING"]
    assert "a at 192.0.2.1:1: closed -> open" in lines[0]


def test_addresses_are_shown_while_they_are_there() -> None:
    recorded = RecordedMetrics()
    telemetry = UpstreamTelemetry(recorded.meter)
    endpoints = [endpoint(FIRST, "open", standing=Standing.BROKEN), endpoint(SECOND, in_flight=7)]
    budget = RetryBudget(0.5)
    telemetry.observe("a", lambda: endpoints, budget)
    budget.deposit()
    one, other = ({"upstream": "a", "address": str(address)} for address in (FIRST, SECOND))
    assert recorded.points("headrace.gateway.breaker.state") == [(one, 2), (other, 0)]
    assert recorded.points("headrace.gateway.upstream.standing") == [(one, 3), (other, 0)]
    assert recorded.points("headrace.gateway.upstream.active_calls") == [(one, 0), (other, 7)]
    assert recorded.points("headrace.gateway.upstream.retry_budget") == [({"upstream": "a"}, 0.5)]
    del endpoints[0]
    assert recorded.points("headrace.gateway.breaker.state") == [(other, 0)]


def test_what_is_sent_again_and_resolved_is_counted() -> None:
    recorded = RecordedMetrics()
    telemetry = UpstreamTelemetry(recorded.meter)
    telemetry.sent_again("a", "move", "answered")
    telemetry.resolved("a", True)
    telemetry.resolved("a", False)
    assert recorded.points("headrace.gateway.upstream.retries") == [
        ({"upstream": "a", "kind": "move", "outcome": "answered"}, 1)
    ]
    outcomes = {attributes["outcome"]: n for attributes, n in recorded.points("headrace.gateway.upstream.resolutions")}
    assert outcomes == {"ok": 1, "failed": 1}


def test_addresses_that_come_and_go_make_no_end_of_series() -> None:
    recorded = RecordedMetrics()
    telemetry = UpstreamTelemetry(recorded.meter)
    for port in range(1, 1001):
        telemetry.breaker_changed("a", Address("192.0.2.1", port), "closed", "open")
    counted = recorded.points("headrace.gateway.breaker.transitions")
    assert len(counted) == 65
    assert ({"upstream": "a", "address": "other", "state": "open"}, 936) in counted
