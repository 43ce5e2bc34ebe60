"""What can be said of the files without a Prometheus that runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.observability.promtool import promtool_program
from tests.observability.sources import GENERATE, ROOT, RULE_TESTS, RULES


def promtool(*arguments: str) -> None:
    done = subprocess.run([promtool_program(), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboards_are_what_their_sources_say() -> None:
    done = subprocess.run(
        [sys.executable, str(GENERATE), "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_rules_are_rules() -> None:
    assert RULES
    promtool("check", "rules", *map(str, RULES))


@pytest.mark.parametrize("tests", RULE_TESTS, ids=lambda path: path.stem)
def test_the_alerts_fire_when_they_should(tests: Path) -> None:
    promtool("test", "rules", str(tests))
