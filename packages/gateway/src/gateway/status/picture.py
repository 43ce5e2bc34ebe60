"""The data of the page, as one JSON document."""

from dataclasses import asdict
from typing import Any

from service_kit.lifecycle.readiness import ReadinessReport
from service_kit.runtime.release import Release
from service_kit.telemetry.loop_lag import WINDOW_S as LAG_WINDOW_S
from service_kit.telemetry.loop_lag import LoopLag

from gateway.status import sections
from gateway.status.attention import notices
from gateway.status.change import Change
from gateway.status.watch import HISTORY_S, WINDOW_S, View

#: Decimal places of charted values.
_DIGITS = 4


def picture(view: View, report: ReadinessReport, release: Release, lag: LoopLag) -> dict[str, Any]:
    """Returns the document. Names end in their unit; unknown values are null."""
    change = view.change
    return {
        "service": _service(release),
        "ready": report.ready,
        "checks": [{"name": name, **asdict(result)} for name, result in report.checks.items()],
        "notices": [asdict(notice) for notice in notices(report, change, view.points[-1][1], lag)],
        "window_s": WINDOW_S,
        "history_s": HISTORY_S,
        "charts": _charts(view),
        "loop_lag": {"worst_ms": round(lag.worst_s * 1000, 1), "window_s": LAG_WINDOW_S},
        "upstreams": sections.upstreams(change),
        "retries": sections.retries(change),
        "calls": sections.calls(change),
        "routes": sections.routes(change),
        "lanes": sections.lanes(change),
        "refusals": sections.refusals(change),
        "rate_limit": _rate_limit(change),
        "revocations": _revocations(change),
        "key_set": _key_set(change),
    }


def _service(release: Release) -> dict[str, Any]:
    return {
        "name": release.service,
        "version": release.version,
        "commit": release.commit or None,
        "python": release.python,
        "started_at": release.started_at.isoformat(timespec="seconds"),
        "uptime_s": round(release.uptime_s, 1),
    }


def _charts(view: View) -> dict[str, list[float | None]]:
    """Returns one list for each line; age_s is the age of each point, relative to the last."""
    now = view.change.after.at_s
    lines: dict[str, list[float | None]] = {"age_s": [round(now - at, 2) for at, _ in view.points]}
    for _, point in view.points:
        for name, value in point.items():
            lines.setdefault(name, []).append(None if value is None else round(value, _DIGITS))
    return lines


def _rate_limit(change: Change) -> dict[str, Any]:
    degraded = change.after.total("headrace_gateway_rate_limit_degraded")
    return {
        "degraded": None if degraded is None else bool(degraded),
        "fallbacks_per_s": change.per_s("headrace_gateway_rate_limit_fallbacks_total"),
    }


def _revocations(change: Change) -> dict[str, Any]:
    now = change.after
    connected = now.total("auth_revocation_feed_connected")
    return {
        "connected": None if connected is None else bool(connected),
        "denied_sessions": now.total("auth_revocation_denied", kind="session"),
        "denied_keys": now.total("auth_revocation_denied", kind="key"),
        "losses": now.total("auth_revocation_feed_losses_total") or 0.0,
    }


def _key_set(change: Change) -> dict[str, float]:
    """Returns the number of fetches since the start, by outcome."""
    return {outcome: count for (outcome,), count in change.after.by("auth_key_set_refreshes_total", "outcome").items()}
