import json

from gateway.problems import Decision, Problem
from gateway.server.refusals import Refusal, Refusals
from gateway.server.telemetry import Cause, EdgeTelemetry
from loguru import logger

from tests.unit.gateway.metrics import RecordedMetrics


def test_a_refusal_is_answered_counted_and_logged_under_one_id() -> None:
    metrics = RecordedMetrics()
    lines: list[dict[str, object]] = []
    handler = logger.add(lambda line: lines.append(line.record["extra"]), level="INFO")
    try:
        refusals = Refusals(lambda code: code.lower(), EdgeTelemetry(metrics.meter))
        problem = Problem(
            503, "TOO_MANY", "Enough.", decision=Decision("connections", "full", limit=7, retry_after_s=1)
        )
        document = refusals.document(Refusal(Cause.CONNECTIONS, problem), "192.0.2.1")
    finally:
        logger.remove(handler)

    body, headers = json.loads(document.body), dict(document.headers)
    assert (document.status, body["status"], body["code"], body["title"]) == (503, 503, "TOO_MANY", "too_many")
    assert body["decision"] == {"policy": "connections", "state": "full", "limit": 7, "retry_after_s": 1}
    assert headers[b"retry-after"] == b"1"
    assert int(headers[b"content-length"]) == len(document.body)
    assert headers[b"x-request-id"].decode() == body["request_id"]
    assert lines[0] == {
        "request_id": body["request_id"],
        "status": 503,
        "code": "TOO_MANY",
        "detail": "Enough.",
        "client_address": "192.0.2.1",
    }
    counted = metrics.points("headrace.gateway.edge.refusals")
    assert ({"cause": "connections"}, 1) in counted
    assert sum(count for _, count in counted) == 1
