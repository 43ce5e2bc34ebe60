"""Builds Grafana's JSON from the short sources (sources/*.toml): fields that all panels share are set here once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

#: The data source that the reader selects at the top of the dashboard.
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_SOURCES = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
    # Defined in provisioning/datasources.
    "current": {"text": "Prometheus", "value": "prometheus"},
    "hide": 0,
    "includeAll": False,
    "multi": False,
    "options": [],
    "refresh": 1,
    "regex": "",
    "skipUrlSync": False,
}
_OTHER_DASHBOARDS = {
    "title": "Headrace",
    "type": "dashboards",
    "tags": ["headrace"],
    "asDropdown": True,
    "icon": "external link",
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "tooltip": "",
    "url": "",
}
_COLUMNS = 24
_HEIGHT = 8
#: Queries of histogram buckets have exemplars, which link to traces.
_BUCKET = "_bucket"
#: The version of Grafana's dashboard schema; newer versions of Grafana migrate it.
_SCHEMA_VERSION = 39


@dataclass(frozen=True, slots=True)
class Panel:
    """A time series chart.

    Args:
        title: unique in the dashboard.
        description: what the chart shows, and how to judge it.
        unit: Grafana's id of the unit, such as "s", "reqps", "percentunit" or "short".
        queries: PromQL by legend; a legend may contain labels as {{label}}.
        width: in 24ths of the page.
        stacked: whether the series are parts of a whole.
        maximum: the top of the axis; None: automatic.
    """

    title: str
    description: str
    unit: str
    queries: dict[str, str]
    width: int = 12
    stacked: bool = False
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of charts. uid: the stable part of its URL. description: what it is for."""

    uid: str
    title: str
    description: str
    panels: Sequence[Panel]


def as_json(dashboard: Dashboard) -> Json:
    """Returns the dashboard in Grafana's JSON."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["headrace"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "10s",
        "timezone": "browser",
        "templating": {"list": [_SOURCES]},
        "links": [_OTHER_DASHBOARDS],
        "panels": _placed(dashboard.panels),
    }


def _placed(panels: Sequence[Panel]) -> list[Json]:
    """Returns the panels in rows, from left to right."""
    placed: list[Json] = []
    x = y = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > _COLUMNS:
            x, y = 0, y + _HEIGHT
        placed.append(_panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": _HEIGHT}))
        x += panel.width
    return placed


def _panel(panel: Panel, number: int, place: Json) -> Json:
    defaults: Json = {"unit": panel.unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}}
    if panel.maximum is not None:
        defaults["max"] = panel.maximum
    if panel.stacked:
        defaults["custom"] |= {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 60}
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            _target(chr(ord("A") + index), legend, expression)
            for index, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def _target(letter: str, legend: str, expression: str) -> Json:
    target: Json = {"refId": letter, "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
    if _BUCKET in expression:
        target["exemplar"] = True
    return target
