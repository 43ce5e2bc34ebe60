"""Long runs have no timeout of pytest, and report at the end how far they came."""

import os

import pytest

from tests.integration.sessions.long_runs import MINUTES, report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if MINUTES in os.environ:
        for item in items:
            item.add_marker(pytest.mark.timeout(0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MINUTES in os.environ:
        terminalreporter.section("state machines of sessions")
        for line in report:
            terminalreporter.write_line(line)
