"""The dashboards are valid for Grafana.

No Grafana runs here: the files are validated against its schema, and properties outside of the schema by tests of their
own.
"""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.observability.sources import DASHBOARDS, OBSERVABILITY, panels

_COLUMNS = 24
#: The ids of Grafana's units that are used here: grafana/packages/grafana-data/src/valueFormats/categories.ts.
_UNITS = {"short", "percentunit", "bool_on_off", "bytes", "s", "cps", "ops", "reqps"}
_LABEL = re.compile(r"\{\{(\w+)\}\}")
_BY = re.compile(r"\bby \(([\w, ]+)\)")

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)


def _loaded(dashboard: Path) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(dashboard.read_text())
    return fields


def test_required_dashboards_exist() -> None:
    assert {_loaded(path)["title"] for path in DASHBOARDS} == {
        "Platform overview",
        "Sessions and auth",
        "Upstreams and breakers",
        "Limits and load shedding",
        "Data stores",
        "Runtime",
    }


def test_uids_are_valid_and_unique() -> None:
    uids = [_loaded(path)["uid"] for path in DASHBOARDS]
    assert len(set(uids)) == len(uids)
    # Grafana's limit is 40 characters.
    assert all(re.fullmatch(r"[a-z-]{1,40}", uid) for uid in uids)


@every_dashboard
def test_dashboard_matches_grafanas_schema(dashboard: Path) -> None:
    """Fields that the schema does not have are lost in a round trip through it, without an error."""
    fields = _loaded(dashboard)
    assert not [*_lost(fields, _round_trip(fields), "")]


def test_fields_outside_of_grafanas_schema_are_detected() -> None:
    fields = _loaded(DASHBOARDS[0])
    fields["panels"][0]["targets"][0]["expression"] = fields["panels"][0]["fieldConfig"]["defaults"]["units"] = "?"
    assert set(_lost(fields, _round_trip(fields), "")) == {
        "/panels/0/targets/0/expression",
        "/panels/0/fieldConfig/defaults/units",
    }


def _round_trip(fields: dict[str, Any]) -> Any:
    plugins.register_default_plugins()
    return json.loads(json.dumps(Dashboard.from_json(fields), cls=JSONEncoder))


def _lost(before: Any, after: Any, path: str) -> Iterator[str]:
    """Yields the paths of the values that are missing or different after the round trip."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            yield from _lost(value, after.get(name), f"{path}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (value, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(value, other, f"{path}/{index}")
    elif before != after:
        yield path


@every_dashboard
def test_every_panel_has_a_description_a_unit_and_queries(dashboard: Path) -> None:
    for panel in panels(dashboard):
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in _UNITS, panel["title"]
        assert panel["targets"], panel["title"]


@every_dashboard
def test_panels_have_unique_ids_and_titles_and_do_not_overlap(dashboard: Path) -> None:
    all_panels = panels(dashboard)
    ids, titles = {panel["id"] for panel in all_panels}, {panel["title"] for panel in all_panels}
    assert len(ids) == len(titles) == len(all_panels)
    positions = [panel["gridPos"] for panel in all_panels]
    assert all(position["x"] >= 0 and position["x"] + position["w"] <= _COLUMNS for position in positions)
    assert not [(one, other) for one, other in combinations(positions, 2) if _overlap(one, other)]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


@every_dashboard
def test_every_query_uses_the_selected_data_source_and_has_a_unique_letter(dashboard: Path) -> None:
    (variable,) = _loaded(dashboard)["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    selected = {"type": "prometheus", "uid": f"${{{variable['name']}}}"}
    provisioned = (OBSERVABILITY / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    assert f"uid: {variable['current']['value']}\n" in provisioned
    for panel in panels(dashboard):
        assert panel["datasource"] == selected
        assert all(target["datasource"] == selected for target in panel["targets"])
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


@every_dashboard
def test_legend_names_every_label_of_its_query(dashboard: Path) -> None:
    """Otherwise the lines of a chart could not be distinguished."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            named, kept = set(_LABEL.findall(target["legendFormat"])), _kept(target["expr"])
            assert kept is None or named == kept, f"{panel['title']}: {target['expr']}"


def _kept(expression: str) -> set[str] | None:
    """Returns the labels of a query's result; None: all labels of the series."""
    found = _BY.search(expression)
    if found is None:
        return set() if re.search(r"\b(sum|max|min|count)\(", expression) else None
    return {label.strip() for label in found[1].split(",")} - {"le"}
