"""The notices of the page: conditions that need the operator's attention, the worst first."""

from collections.abc import Iterator
from dataclasses import dataclass

from service_kit.lifecycle.readiness import ReadinessReport
from service_kit.telemetry.loop_lag import WINDOW_S, LoopLag

from gateway.status import sections
from gateway.status.change import Change
from gateway.status.point import Point

#: Share of 5xx responses from which on there is a notice. The objective, over a month, is a tenth of it.
_FAILED_SHARE = 0.01
#: Event-loop lag (seconds) from which on there is a notice: it delays every request by as much.
_LATE_S = 0.25


@dataclass(frozen=True, slots=True)
class Notice:
    """One condition. failing: requests fail because of it; otherwise it is a warning."""

    failing: bool
    text: str


def notices(report: ReadinessReport, change: Change, point: Point, lag: LoopLag) -> list[Notice]:
    """Returns all notices; none if this process knows of no problem."""
    found = [*_checks(report), *_upstreams(change), *_traffic(change, point), *_state(change, lag)]
    return sorted(found, key=lambda notice: not notice.failing)


def _checks(report: ReadinessReport) -> Iterator[Notice]:
    for name, result in report.checks.items():
        if not result.ok:
            yield Notice(result.required, f"{name}: {result.reason}")


def _upstreams(change: Change) -> Iterator[Notice]:
    rows = sections.upstreams(change)
    # While one address takes calls, those that do not are left out, and no request fails.
    served = {row["upstream"] for row in rows if row["breaker"] == "closed"}
    for row in rows:
        where = f"{row['upstream']} at {row['address']}" if row["address"] else row["upstream"]
        if row["breaker"] in {"open", "half open"}:
            yield Notice(row["upstream"] not in served, f"{where}: the breaker is {row['breaker']}")
        if row["standing"] == "leaving":
            yield Notice(False, f"{where}: leaving")


def _traffic(change: Change, point: Point) -> Iterator[Notice]:
    failed = point["share_5xx"]
    if failed is not None and failed >= _FAILED_SHARE:
        yield Notice(True, f"{failed:.1%} of the responses are 5xx")
    for row in sections.lanes(change):
        if row["shed_per_s"]:
            yield Notice(True, f"{row['lane']}: {row['shed_per_s']:.1f} requests a second are rejected")


def _state(change: Change, lag: LoopLag) -> Iterator[Notice]:
    now = change.after
    if now.total("headrace_gateway_rate_limit_degraded"):
        yield Notice(False, "the rate limit works without Redis: each gateway counts alone")
    if now.total("auth_revocation_feed_connected") == 0:
        yield Notice(False, "no revocations are received: revoked tokens are accepted until they expire")
    if lag.worst_s >= _LATE_S:
        yield Notice(False, f"the event loop was late by {lag.worst_s * 1000:.0f} ms within {WINDOW_S:.0f} s")
