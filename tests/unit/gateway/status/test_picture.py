"""The document that the page is drawn from."""

import json
from typing import Any

from gateway.status.picture import picture
from gateway.status.reading import Sample
from gateway.status.watch import View, Watch
from service_kit.lifecycle.readiness import CheckResult, ReadinessReport
from service_kit.runtime.release import Release
from service_kit.telemetry.loop_lag import LoopLag

from tests.unit.gateway.status.samples import histogram, requests

READY = ReadinessReport(ready=True, checks={})


def view(after: list[Sample], before: list[Sample] | None = None) -> View:
    """Of two looks, two seconds apart."""
    looks = iter([before or [], after])
    times = iter([10.0, 12.0])
    watch = Watch(lambda: next(looks), LoopLag(), now=lambda: next(times))
    watch.look()
    return watch.look()


def shown(after: list[Sample], before: list[Sample] | None = None, report: ReadinessReport = READY) -> dict[str, Any]:
    document = picture(view(after, before), report, Release("gateway", "1.2"), LoopLag())
    read: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    return read


def texts(document: dict[str, Any]) -> list[tuple[bool, str]]:
    return [(notice["failing"], notice["text"]) for notice in document["notices"]]


def test_without_any_metric_nothing_is_known_and_nothing_breaks() -> None:
    document = shown([])
    assert document["notices"] == []
    assert [document[name] for name in ("upstreams", "lanes", "routes", "calls", "refusals", "retries")] == [[]] * 6
    assert document["rate_limit"]["degraded"] is None
    assert document["revocations"]["connected"] is None
    last = {name: line[-1] for name, line in document["charts"].items()}
    known = {name: value for name, value in last.items() if value is not None}
    assert known.keys() == {"age_s", "requests_per_s", "limited_per_s", "shed_per_s", "loop_lag_ms"}
    assert (last["requests_per_s"], last["shed_per_s"]) == (0.0, 0.0)


def test_traffic() -> None:
    document = shown([*requests((96, 0, 0, 0)), *requests((0, 0, 3, 0), "503"), *requests((1, 0, 0, 0), "404", "-")])
    charts = {name: line[-1] for name, line in document["charts"].items()}
    assert charts["requests_per_s"] == 50.0
    assert (charts["share_5xx"], charts["share_4xx"]) == (0.03, 0.01)
    assert charts["p50_ms"] < 10
    assert charts["p99_ms"] > 100
    orders, lost = document["routes"]
    assert (orders["name"], orders["per_s"], orders["total"]) == ("GET /api/orders", 49.5, 99)
    assert round(orders["failed_share"], 4) == round(3 / 99, 4)
    assert (lost["name"], lost["failed_share"]) == ("GET (no route)", 0.0)
    assert texts(document) == [(True, "3.0% of the responses are 5xx")]


def test_calls_are_told_by_service() -> None:
    name = "rpc_client_call_duration_seconds"
    well = histogram(name, (9, 0, 0, 0), rpc_method="a.v1.A/Get", rpc_response_status_code="OK")
    late = histogram(name, (0, 0, 0, 1), rpc_method="a.v1.A/List", rpc_response_status_code="DEADLINE_EXCEEDED")
    (row,) = shown([*well, *late])["calls"]
    assert (row["name"], row["per_s"], round(row["failed_share"], 3)) == ("a.v1.A", 5.0, 0.1)
    assert row["p50_ms"] < 10
    assert row["p99_ms"] == 1000.0


def test_breakers_of_upstreams_and_of_their_addresses() -> None:
    breaker = "headrace_gateway_breaker_state"
    assert shown([(breaker, {"upstream": "a"}, 0.0)])["upstreams"] == [
        {"upstream": "a", "address": "", "breaker": "closed", "standing": None, "active_calls": None}
    ]
    first, second = {"upstream": "a", "address": "h:1"}, {"upstream": "a", "address": "h:2"}
    document = shown(
        [
            (breaker, first, 2.0),
            (breaker, second, 1.0),
            ("headrace_gateway_upstream_standing", first, 3.0),
            ("headrace_gateway_upstream_active_calls", second, 4.0),
            ("headrace_gateway_upstream_retry_budget", {"upstream": "a"}, 9.0),
            ("headrace_gateway_upstream_retries_total", {"upstream": "a", "kind": "retry", "outcome": "ok"}, 2.0),
            ("headrace_gateway_upstream_retries_total", {"upstream": "a", "kind": "move", "outcome": "ok"}, 4.0),
        ]
    )
    assert [row["breaker"] for row in document["upstreams"]] == ["open", "half open"]
    assert [row["standing"] for row in document["upstreams"]] == ["broken", None]
    assert [row["active_calls"] for row in document["upstreams"]] == [None, 4.0]
    assert document["retries"] == [{"upstream": "a", "per_s": 3.0, "budget": 9.0}]
    assert texts(document) == [(True, "a at h:1: the breaker is open"), (True, "a at h:2: the breaker is half open")]


def test_open_breaker_is_only_a_warning_while_another_address_takes_calls() -> None:
    breaker = "headrace_gateway_breaker_state"
    addresses = [{"upstream": "a", "address": f"h:{port}"} for port in (1, 2)]
    document = shown([(breaker, addresses[0], 2.0), (breaker, addresses[1], 0.0), (breaker, {"upstream": "b"}, 2.0)])
    assert texts(document) == [(True, "b: the breaker is open"), (False, "a at h:1: the breaker is open")]


def test_a_value_that_has_no_word() -> None:
    assert shown([("headrace_gateway_breaker_state", {"upstream": "a"}, 7.0)])["upstreams"][0]["breaker"] == "unknown"


def test_lanes_and_refusals() -> None:
    lane = {"upstream": "a", "rate_class": "default"}
    decided = ("headrace_gateway_decisions_total", {"policy": "rate_limit", "state": "exhausted"})
    document = shown(
        [
            ("headrace_gateway_throttle_limit", lane, 32.0),
            ("headrace_gateway_throttle_in_use", lane, 32.0),
            ("headrace_gateway_throttle_waiting", lane, 5.0),
            ("headrace_gateway_throttle_sheds_total", {**lane, "cause": "full"}, 6.0),
            ("headrace_gateway_throttle_sheds_total", {**lane, "cause": "slow"}, 2.0),
            (*decided, 14.0),
            ("headrace_gateway_edge_refusals_total", {"cause": "too_many"}, 20.0),
            ("headrace_gateway_edge_refusals_total", {"cause": "of_which_there_was_none"}, 0.0),
        ],
        before=[(*decided, 10.0)],
    )
    assert document["lanes"] == [{"lane": "a default", "limit": 32, "in_use": 32, "waiting": 5, "shed_per_s": 4}]
    assert document["refusals"] == [
        {"policy": "server", "state": "too_many", "per_s": 10, "total": 20},
        {"policy": "rate_limit", "state": "exhausted", "per_s": 2, "total": 14},
    ]
    assert document["charts"]["limited_per_s"] == [None, 2.0]
    assert texts(document) == [(True, "a default: 4.0 requests a second are rejected")]


def test_dependencies_that_are_away_the_needed_ones_first() -> None:
    checks = {"redis": CheckResult(False, "gone", required=False), "key_set": CheckResult(False, "no keys")}
    metrics: list[Sample] = [
        ("headrace_gateway_rate_limit_degraded", {}, 1.0),
        ("auth_revocation_feed_connected", {}, 0.0),
        ("auth_revocation_denied", {"kind": "session"}, 3.0),
        ("auth_key_set_refreshes_total", {"outcome": "failed"}, 2.0),
    ]
    document = shown(metrics, report=ReadinessReport(ready=False, checks=checks))
    assert (document["ready"], document["rate_limit"]["degraded"], document["revocations"]["connected"]) == (
        False,
        True,
        False,
    )
    assert document["revocations"]["denied_sessions"] == 3.0
    assert document["key_set"] == {"failed": 2.0}
    assert [text.split(":")[0] for _, text in texts(document)] == [
        "key_set",
        "redis",
        "the rate limit works without Redis",
        "no revocations are received",
    ]
