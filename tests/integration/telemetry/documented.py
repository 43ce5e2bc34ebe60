"""The metrics in docs/observability.md and those that a process exposes, in the same form."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[3]
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) \| ([\w-]+(?:, [\w-]+)*) \| (.+?) \|$", re.MULTILINE)
_SERVICES = frozenset({"user-svc", "order-svc"})
_WHERE = {"all": _SERVICES | {"gateway"}, "services": _SERVICES}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. processes: those that expose it."""

    name: str
    kind: str
    labels: frozenset[str]
    processes: frozenset[str]


def documented() -> dict[str, Metric]:
    """Returns the rows of the page by name.

    Raises:
        AssertionError: a metric has two rows.
    """
    found = [
        Metric(name, kind, frozenset(re.findall(r"`(\w+)`", labels)), _WHERE.get(where, frozenset(where.split(", "))))
        for name, kind, labels, where, _ in _ROW.findall((ROOT / "docs" / "observability.md").read_text())
    ]
    by_name = {metric.name: metric for metric in found}
    assert len(by_name) == len(found)
    return by_name


def exposed(process: str, text: str) -> Iterator[Metric]:
    """Returns the metrics in the exposition of a process."""
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = frozenset[str]().union(*(sample.labels for sample in family.samples)) - {"le"}
        yield Metric(name, family.type, labels, frozenset({process}))


def in_the_sources() -> set[str]:
    """Returns every possible instrument name in the sources, in the form of Prometheus."""
    sources = "".join(path.read_text() for path in (ROOT / "packages").glob("*/src/**/*.py"))
    return {name.replace(".", "_") for name in re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', sources)}
