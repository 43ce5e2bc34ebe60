"""Reads the alerts and the paths of their runbooks from the rule files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.observability.sources import ROOT, RULES

RUNBOOKS = ROOT / "docs" / "runbooks"
_ALERT = re.compile(r"^ +- alert: (\w+)\n(.*?)(?=^ +- (?:alert|name|record): |\Z)", re.MULTILINE | re.DOTALL)
_ANNOTATIONS = re.compile(r"&(\w+)\n(?: +summary: .*\n)? +runbook_url: (\S+)")


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. severity: its label. runbook: the file that it links to; None: it links to none."""

    name: str
    severity: str
    runbook: Path | None


def alerts() -> Iterator[Alert]:
    """Yields every alert of the rule files."""
    for rules in RULES:
        text = rules.read_text()
        shared = {f"*{name}": runbook for name, runbook in _ANNOTATIONS.findall(text)}
        for name, body in _ALERT.findall(text):
            url = re.search(r"runbook_url: (\S+)", body)
            alias = re.search(r"annotations: (\*\w+)", body)
            runbook = url[1] if url else shared.get(alias[1]) if alias else None
            severity = re.search(r"severity: (\w+)", body)
            yield Alert(name, severity[1] if severity else "", ROOT / runbook if runbook else None)
