"""A row of the drill: a fault, the required behaviour, and the function that injects the one and measures the other."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.finding import Finding
from tests.faults.stage import Stage


@dataclass(frozen=True, slots=True)
class Drill:
    """One row.

    number: of the row. fault: what breaks. must: the required behaviour, one line per requirement.
    in_background: the long form takes minutes and little processor time: it runs beside the others, on its own stage.
    """

    number: int
    fault: str
    must: str
    run: Callable[[Stage], list[Finding]]
    in_background: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The findings of one played row."""

    number: int
    findings: Sequence[Finding]

    @property
    def passed(self) -> bool:
        """Whether every finding is as required."""
        return all(finding.passed for finding in self.findings)


def write_results(path: Path, results: Sequence[Result]) -> None:
    """Stores results for another process."""
    path.write_text(json.dumps([asdict(result) for result in results]))


def read_results(path: Path) -> list[Result]:
    """Returns the results that `write_results` stored."""
    stored = json.loads(path.read_text())
    return [Result(each["number"], [Finding(**finding) for finding in each["findings"]]) for each in stored]
