import pytest
from gateway.middleware.metrics import MetricsMiddleware
from gateway.problems import Decision
from starlette.types import Receive, Scope, Send

from tests.running import process_metrics
from tests.unit.gateway.asgi import answering, call, exchange_in, http_scope, policy, raising
from tests.unit.gateway.metrics import RecordedMetrics

COUNT = "http_server_request_duration_seconds_count"
ACTIVE = "http.server.active_requests"


async def test_request_is_timed_by_its_path_template() -> None:
    recorded, timed = RecordedMetrics(), process_metrics.Growth(COUNT)
    scope = http_scope(path="/things/7")
    exchange_in(scope, policy=policy()).status = 200
    await call(MetricsMiddleware(answering(), recorded.meter), scope)
    labels = {
        "http_request_method": "GET",
        "http_route": "/things/{thing_id}",
        "http_response_status_code": "200",
        "headrace_rate_class": "default",
    }
    assert timed.so_far() == [(labels, 1)]
    assert recorded.points("headrace.gateway.decisions") == []


async def test_invented_methods_and_paths_create_no_time_series() -> None:
    timed = process_metrics.Growth(COUNT)
    layer = MetricsMiddleware(answering(), RecordedMetrics().meter)
    for number in range(20):
        scope = http_scope(f"BREW{number}", f"/{number}")
        exchange_in(scope).status = 404
        await call(layer, scope)
    ((labels, count),) = timed.so_far()
    assert (labels["http_request_method"], labels["http_route"], count) == ("_OTHER", "-", 20)


async def test_requests_in_progress_are_counted_until_they_end() -> None:
    recorded, timed = RecordedMetrics(), process_metrics.Growth(COUNT)
    seen: list[float] = []

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.extend(
            value for attributes, value in recorded.points(ACTIVE) if attributes["http.request.method"] == "PUT"
        )
        raise ValueError

    scope = http_scope("PUT")
    exchange_in(scope)
    with pytest.raises(ValueError):
        await call(MetricsMiddleware(app, recorded.meter), scope)
    assert seen == [1]
    assert {value for _, value in recorded.points(ACTIVE)} == {0}
    assert [labels["http_response_status_code"] for labels, _ in timed.so_far()] == ["499"]


async def test_refusal_of_a_policy_is_counted() -> None:
    recorded = RecordedMetrics()
    scope = http_scope()
    exchange_in(scope).decision = Decision("throttle", "shedding")
    with pytest.raises(ValueError):
        await call(MetricsMiddleware(raising(ValueError()), recorded.meter), scope)
    assert recorded.points("headrace.gateway.decisions") == [({"policy": "throttle", "state": "shedding"}, 1)]
