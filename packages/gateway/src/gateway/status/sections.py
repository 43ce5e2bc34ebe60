"""The tables of the page. The value of an absent metric is None: unknown, not zero."""

from collections.abc import Iterable
from typing import Any

from gateway.status.change import Change
from gateway.status.names import CALLS, DECISIONS, REQUESTS, SHEDS
from gateway.status.point import STATUS, share
from gateway.status.quantile import Estimates

Row = dict[str, Any]

_BREAKER = {0: "closed", 1: "half open", 2: "open"}
_STANDING = {0: "ready", 1: "not connected", 2: "leaving", 3: "broken"}
#: Length of the table of routes: the busiest since the start of the process.
_ROUTES = 8
#: How the metrics name the route of a request without one, and how the page does.
_NO_ROUTE = ("", "-")
_UNROUTED = "(no route)"


def upstreams(change: Change) -> list[Row]:
    """Returns a row for every upstream, or for every address where the metrics name addresses."""
    now = change.after
    breakers = now.by("headrace_gateway_breaker_state", "upstream", "address")
    standings = now.by("headrace_gateway_upstream_standing", "upstream", "address")
    calls = now.by("headrace_gateway_upstream_active_calls", "upstream", "address")
    return [
        {
            "upstream": key[0],
            "address": key[1],
            "breaker": _worded(_BREAKER, breakers.get(key)),
            "standing": _worded(_STANDING, standings.get(key)),
            "active_calls": calls.get(key),
        }
        for key in sorted(breakers.keys() | standings.keys() | calls.keys())
    ]


def retries(change: Change) -> list[Row]:
    """Returns by upstream the rate of retries and moves, and the retries that the budget allows."""
    budgets = change.after.by("headrace_gateway_upstream_retry_budget", "upstream")
    rates = change.rates("headrace_gateway_upstream_retries_total", "upstream")
    names = sorted(budgets.keys() | rates.keys())
    return [{"upstream": key[0], "per_s": rates.get(key, 0.0), "budget": budgets.get(key)} for key in names]


def lanes(change: Change) -> list[Row]:
    """Returns the concurrency limits of the throttle, by upstream and rate class."""
    now, keys = change.after, ("upstream", "rate_class")
    limits = now.by("headrace_gateway_throttle_limit", *keys)
    in_use = now.by("headrace_gateway_throttle_in_use", *keys)
    waiting = now.by("headrace_gateway_throttle_waiting", *keys)
    sheds = change.rates(SHEDS, *keys)
    return [
        {
            "lane": " ".join(filter(None, key)),
            "limit": limits.get(key),
            "in_use": in_use.get(key),
            "waiting": waiting.get(key),
            "shed_per_s": sheds.get(key, 0.0),
        }
        for key in sorted(limits.keys() | in_use.keys() | waiting.keys())
    ]


def refusals(change: Change) -> list[Row]:
    """Returns refusals by policy and state, and those of the server; most frequent first."""
    edge = "headrace_gateway_edge_refusals_total"
    rates = change.rates(DECISIONS, "policy", "state")
    rates |= {("server", cause): rate for (cause,), rate in change.rates(edge, "cause").items()}
    totals = change.after.by(DECISIONS, "policy", "state")
    totals |= {("server", cause): total for (cause,), total in change.after.by(edge, "cause").items()}
    order = sorted((key for key in totals if totals[key]), key=lambda key: -totals[key])
    return [{"policy": key[0], "state": key[1], "per_s": rates[key], "total": totals[key]} for key in order]


def routes(change: Change) -> list[Row]:
    """Returns the busiest routes since the start, with their current rate, latency and share of errors."""
    keys = ("http_request_method", "http_route")
    totals = change.after.by(f"{REQUESTS}_count", *keys)
    latencies = change.quantiles(REQUESTS, *keys)
    answers: dict[tuple[str, ...], dict[str, float]] = {}
    for (*key, status), grown in change.growth(f"{REQUESTS}_count", *keys, STATUS).items():
        answers.setdefault(tuple(key), {})[status] = grown
    most = sorted(totals, key=lambda key: (-totals[key], key))[:_ROUTES]
    return [
        {
            "name": f"{method} {_UNROUTED if route in _NO_ROUTE else route}",
            "per_s": change.rate(sum(answers[method, route].values())),
            "p50_ms": latencies[method, route].ms(0.5),
            "p99_ms": latencies[method, route].ms(0.99),
            "failed_share": share(answers[method, route], "5"),
            "total": totals[method, route],
        }
        for method, route in most
    ]


def calls(change: Change) -> list[Row]:
    """Returns the calls to each service of the contract; every status but OK counts as failed."""
    statuses: dict[str, dict[str, float]] = {}
    for (method, status), grown in change.growth(f"{CALLS}_count", "rpc_method", "rpc_response_status_code").items():
        ends = statuses.setdefault(_service(method), {})
        ends[status] = ends.get(status, 0.0) + grown
    latencies: dict[str, list[Estimates]] = {}
    for (method,), estimates in change.quantiles(CALLS, "rpc_method").items():
        latencies.setdefault(_service(method), []).append(estimates)
    return [
        {
            "name": service,
            "per_s": change.rate(sum(ends.values())),
            "p50_ms": _together(latencies.get(service, ())).ms(0.5),
            "p99_ms": _together(latencies.get(service, ())).ms(0.99),
            "failed_share": 1 - ends.get("OK", 0.0) / total if (total := sum(ends.values())) else None,
        }
        for service, ends in sorted(statuses.items())
    ]


def _service(method: str) -> str:
    return method.rpartition("/")[0]


def _together(estimates: Iterable[Estimates]) -> Estimates:
    buckets: dict[float, float] = {}
    for each in estimates:
        for bound, count in each.buckets.items():
            buckets[bound] = buckets.get(bound, 0.0) + count
    return Estimates(buckets)


def _worded(words: dict[int, str], value: float | None) -> str | None:
    return None if value is None else words.get(int(value), "unknown")
