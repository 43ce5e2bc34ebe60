"""The dashboards as Grafana will take them.

There is no Grafana here to ask, but its own description of what a dashboard consists of; what that does not tell is
looked at one by one.
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
#: Those of Grafana's units that are used here: grafana/packages/grafana-data/src/valueFormats/categories.ts.
_UNITS = {"short", "percentunit", "bool_on_off", "bytes", "s", "cps", "ops", "reqps"}
_LABEL = re.compile(r"\{\{(\w+)\}\}")
_BY = re.compile(r"\bby \(([\w, ]+)\)")

every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)


def _told(dashboard: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(dashboard.read_text())
    return told


def test_they_are_those_that_the_platform_is_to_have() -> None:
    assert {_told(path)["title"] for path in DASHBOARDS} == {
        "Platform overview",
        "Sessions and auth",
        "Upstreams and breakers",
        "Limits and load shedding",
        "Data stores",
        "Runtime",
    }


def test_no_two_share_an_address() -> None:
    uids = [_told(path)["uid"] for path in DASHBOARDS]
    assert len(set(uids)) == len(uids)
    # What Grafana takes for one (its limit is 40 characters).
    assert all(re.fullmatch(r"[a-z-]{1,40}", uid) for uid in uids)


@every_dashboard
def test_grafana_knows_every_word_of_it(dashboard: Path) -> None:
    """What its schema does not know is lost on the way through it, without a word."""
    told = _told(dashboard)
    assert not [*_lost(told, _understood(told), "")]


def test_what_grafana_does_not_know_is_noticed() -> None:
    told = _told(DASHBOARDS[0])
    told["panels"][0]["targets"][0]["expression"] = told["panels"][0]["fieldConfig"]["defaults"]["units"] = "?"
    assert set(_lost(told, _understood(told), "")) == {
        "/panels/0/targets/0/expression",
        "/panels/0/fieldConfig/defaults/units",
    }


def _understood(told: dict[str, Any]) -> Any:
    plugins.register_default_plugins()
    return json.loads(json.dumps(Dashboard.from_json(told), cls=JSONEncoder))


def _lost(told: Any, understood: Any, path: str) -> Iterator[str]:
    """The paths of what is not in what was understood, or is there as something else."""
    if isinstance(told, dict) and isinstance(understood, dict):
        for name, value in told.items():
            yield from _lost(value, understood.get(name), f"{path}/{name}")
    elif isinstance(told, list) and isinstance(understood, list) and len(told) == len(understood):
        for index, (value, other) in enumerate(zip(told, understood, strict=True)):
            yield from _lost(value, other, f"{path}/{index}")
    elif told != understood:
        yield path


@every_dashboard
def test_every_panel_says_what_it_shows_and_in_which_unit(dashboard: Path) -> None:
    for panel in panels(dashboard):
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in _UNITS, panel["title"]
        assert panel["targets"], panel["title"]


@every_dashboard
def test_no_panel_has_the_number_the_title_or_the_place_of_another(dashboard: Path) -> None:
    told = panels(dashboard)
    assert len({panel["id"] for panel in told}) == len({panel["title"] for panel in told}) == len(told)
    places = [panel["gridPos"] for panel in told]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= _COLUMNS for place in places)
    assert not [(one, other) for one, other in combinations(places, 2) if _overlap(one, other)]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


@every_dashboard
def test_every_query_goes_where_the_reader_chose_and_has_a_letter_of_its_own(dashboard: Path) -> None:
    (variable,) = _told(dashboard)["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    chosen = {"type": "prometheus", "uid": f"${{{variable['name']}}}"}
    provisioned = (OBSERVABILITY / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    assert f"uid: {variable['current']['value']}\n" in provisioned
    for panel in panels(dashboard):
        assert panel["datasource"] == chosen
        assert all(target["datasource"] == chosen for target in panel["targets"])
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


@every_dashboard
def test_a_legend_names_what_its_query_keeps(dashboard: Path) -> None:
    """Else the lines of a chart could not be told apart."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            named, kept = set(_LABEL.findall(target["legendFormat"])), _kept(target["expr"])
            assert kept is None or named == kept, f"{panel['title']}: {target['expr']}"


def _kept(expression: str) -> set[str] | None:
    """The labels that come out of a query; None: all that the series have."""
    found = _BY.search(expression)
    if found is None:
        return set() if re.search(r"\b(sum|max|min|count)\(", expression) else None
    return {label.strip() for label in found[1].split(",")} - {"le"}
