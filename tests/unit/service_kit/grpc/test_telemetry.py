"""Calls in the metrics."""

from grpclib.const import Status
from service_kit.grpc.telemetry import CallTelemetry

from tests.running import process_metrics

_METHOD = "test.Telemetry/Call"


def test_calls_in_progress_and_ended_calls_are_counted() -> None:
    process_metrics.collect()
    telemetry = CallTelemetry()
    active = process_metrics.value("rpc_server_active_calls")
    first, second = telemetry.begin(), telemetry.begin()
    assert process_metrics.value("rpc_server_active_calls") == active + 2
    assert not telemetry.idle.is_set()
    telemetry.end(_METHOD, Status.OK, "", first, 7)
    telemetry.end(_METHOD, Status.NOT_FOUND, "NO_SUCH_THING", second, 0)
    assert process_metrics.value("rpc_server_active_calls") == active
    assert telemetry.idle.is_set()
    ended = "rpc_server_call_duration_seconds_count"
    assert process_metrics.value(ended, rpc_method=_METHOD, rpc_response_status_code="OK") == 1
    assert process_metrics.value(ended, rpc_method=_METHOD, rpc_response_status_code="NOT_FOUND") == 1
