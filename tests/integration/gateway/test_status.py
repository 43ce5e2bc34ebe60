"""The status page of a gateway that works."""

from typing import Any

import httpx2
import pytest

from tests.running.polling import eventually
from tests.running.stacks import Stack

GONE = "/api/orders/info"


def status(stack: Stack) -> Any:
    return httpx2.get(f"{stack.admin_url('gateway')}/status.json", timeout=10).raise_for_status().json()


def test_what_clients_do_is_shown(stack: Stack) -> None:
    def shown() -> Any:
        assert httpx2.get(f"{stack.url}{GONE}", timeout=10).status_code == 401
        told = status(stack)
        last = {name: line[-1] for name, line in told["charts"].items()}
        return told if last["requests_per_s"] and last["share_4xx"] else None

    told = eventually(shown, within_s=20)
    assert told["service"]["name"] == "gateway"
    assert f"GET {GONE}" in {row["name"] for row in told["routes"]}
    charts = {name: line[-1] for name, line in told["charts"].items()}
    assert 0 < charts["p50_ms"] <= charts["p95_ms"] <= charts["p99_ms"]
    assert charts["memory_bytes"] > 1e6
    assert charts["in_flight"] is not None
    assert charts["connections"] is not None


def test_the_metrics_have_the_names_that_it_reads(stack: Stack) -> None:
    told = status(stack)
    assert {row["upstream"] for row in told["upstreams"]} == {"user-svc", "order-svc"}
    assert all(":" in row["address"] for row in told["upstreams"])
    assert {row["breaker"] for row in told["upstreams"]} <= {"closed", "half open", "open"}
    assert None not in {row["standing"] for row in told["upstreams"]}
    assert {row["upstream"] for row in told["retries"] if row["budget"] is not None} == {"user-svc", "order-svc"}
    assert {row["lane"] for row in told["lanes"]} >= {"order-svc default", "user-svc credentials"}
    assert all(row["limit"] is not None and row["waiting"] is not None for row in told["lanes"])
    assert {check["name"] for check in told["checks"]} >= {"redis", "key_set", "user-svc", "order-svc"}
    assert told["rate_limit"]["degraded"] is not None
    assert told["revocations"]["connected"] is not None
    assert told["key_set"]["ok"] > 0
    assert "headrace.session.v1.SessionService" in {row["name"] for row in told["calls"]}


@pytest.mark.parametrize("headers", [{"Host": "rebound.example.com"}, {"Sec-Fetch-Site": "cross-site"}])
def test_other_sites_get_the_empty_page_and_no_number(stack: Stack, headers: dict[str, str]) -> None:
    page = httpx2.get(f"{stack.admin_url('gateway')}/status", headers=headers, timeout=10)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; ")
    refused = httpx2.get(f"{stack.admin_url('gateway')}/status.json", headers=headers, timeout=10)
    assert refused.status_code == 403


def test_it_is_not_on_the_public_port(stack: Stack) -> None:
    assert httpx2.get(f"{stack.url}/status", timeout=10).status_code == 404
