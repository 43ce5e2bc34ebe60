"""One moment of the charts."""

from service_kit.telemetry.loop_lag import LoopLag

from gateway.status.change import Change
from gateway.status.names import DECISIONS, REQUESTS, SHEDS
from gateway.status.quantile import Estimates

#: The label with the status of a request.
STATUS = "http_response_status_code"

#: The series that the charts are made of.
CHARTED = frozenset(
    {
        f"{REQUESTS}_count",
        f"{REQUESTS}_bucket",
        "http_server_active_requests",
        "headrace_gateway_connections",
        DECISIONS,
        SHEDS,
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    }
)

#: By the name of the line in a chart; None: unknown.
Point = dict[str, float | None]


def point(change: Change, lag: LoopLag) -> Point:
    """Returns the charted values of a change. Latencies are bucket estimates; cpu_cores is 1 for one full core."""
    now = change.after
    answers = {status: grown for (status,), grown in change.growth(f"{REQUESTS}_count", STATUS).items()}
    latency = change.quantiles(REQUESTS).get((), Estimates({}))
    return {
        "requests_per_s": change.rate(sum(answers.values())),
        "p50_ms": latency.ms(0.5),
        "p95_ms": latency.ms(0.95),
        "p99_ms": latency.ms(0.99),
        "share_5xx": share(answers, "5"),
        "share_4xx": share(answers, "4"),
        "in_flight": now.total("http_server_active_requests"),
        "connections": now.total("headrace_gateway_connections"),
        "limited_per_s": change.per_s(DECISIONS, policy="rate_limit", state="exhausted"),
        "shed_per_s": change.per_s(SHEDS),
        "cpu_cores": _cpu_cores(change),
        "memory_bytes": now.total("process_resident_memory_bytes"),
        "loop_lag_ms": lag.worst_within_s(change.seconds) * 1000,
    }


def share(answers: dict[str, float], first_digit: str) -> float | None:
    """Returns the share of responses with such a status, from 0 to 1; None without responses."""
    total = sum(answers.values())
    return sum(grown for status, grown in answers.items() if status.startswith(first_digit)) / total if total else None


def _cpu_cores(change: Change) -> float | None:
    name = "process_cpu_seconds_total"
    return change.per_s(name) if name in change.after.series else None
