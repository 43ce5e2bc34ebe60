"""Checks of the files that need no running Prometheus."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.observability.promtool import promtool_program
from tests.observability.sources import GENERATE, ROOT, RULE_TESTS, RULES


def promtool(*arguments: str) -> None:
    done = subprocess.run([promtool_program(), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_dashboards_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(GENERATE), "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_rules_are_valid() -> None:
    assert RULES
    promtool("check", "rules", *map(str, RULES))


@pytest.mark.parametrize("tests", RULE_TESTS, ids=lambda path: path.stem)
def test_rule_tests_pass(tests: Path) -> None:
    promtool("test", "rules", str(tests))
