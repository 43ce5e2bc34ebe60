"""The files in infra/observability, and the queries of the dashboards."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OBSERVABILITY = ROOT / "infra" / "observability"
RULES = sorted((OBSERVABILITY / "prometheus" / "rules").glob("*.yml"))
RULE_TESTS = sorted((OBSERVABILITY / "prometheus" / "tests").glob("*.yml"))
DASHBOARDS = sorted((OBSERVABILITY / "grafana" / "dashboards").glob("*.json"))
GENERATE = OBSERVABILITY / "grafana" / "generate.py"
#: The values of Grafana's variables in the live tests.
_VARIABLES = {"$__rate_interval": "1m", "$__range": "1h"}
_VARIABLE = re.compile(r"\$\w+")


@dataclass(frozen=True, slots=True)
class Query:
    """One expression of a panel, with Grafana's variables filled in."""

    dashboard: str
    panel: str
    expression: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}"


def panels(dashboard: Path) -> list[dict[str, Any]]:
    """Returns the panels of a dashboard file."""
    loaded: list[dict[str, Any]] = json.loads(dashboard.read_text())["panels"]
    return loaded


def queries() -> Iterator[Query]:
    """Yields every expression of every dashboard.

    Raises:
        AssertionError: an expression has an unknown variable.
    """
    for dashboard in DASHBOARDS:
        for panel in panels(dashboard):
            for target in panel["targets"]:
                expression = target["expr"]
                for variable, value in _VARIABLES.items():
                    expression = expression.replace(variable, value)
                assert not _VARIABLE.search(expression), expression
                yield Query(dashboard.stem, panel["title"], expression)
