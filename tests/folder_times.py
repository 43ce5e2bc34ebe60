"""The time that a run spent in each folder of tests."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain

import pytest

#: `tests/unit/gateway`: deep enough to find the slow part, short enough to read.
_DEPTH = 3
#: Below this a folder is not worth a line, in seconds.
_SHORTEST_S = 0.1


def write_folder_times(reporter: pytest.TerminalReporter) -> None:
    """Writes one line per folder, the slowest first; parallel workers add up to more than the run's own time."""
    reports = [report for report in chain(*reporter.stats.values()) if isinstance(report, pytest.TestReport)]
    lines = folder_times(reports)
    if lines:
        reporter.section("time per folder", sep="-")
    for folder, seconds, tests in lines:
        reporter.write_line(f"{seconds:8.1f} s  {folder} ({tests} tests)")


def folder_times(reports: Iterable[pytest.TestReport]) -> list[tuple[str, float, int]]:
    """Returns each folder, its seconds (set-up and teardown included) and its number of tests, the slowest first."""
    seconds: dict[str, float] = defaultdict(float)
    tests: dict[str, set[str]] = defaultdict(set)
    for report in reports:
        path = report.nodeid.partition("::")[0]
        folder = "/".join(path.split("/")[:-1][:_DEPTH])
        seconds[folder] += report.duration
        tests[folder].add(report.nodeid)
    slowest_first = sorted(seconds, key=lambda folder: -seconds[folder])
    return [(name, seconds[name], len(tests[name])) for name in slowest_first if seconds[name] >= _SHORTEST_S]
