"""Checks of the files that need no running Prometheus."""

import shutil
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


@pytest.mark.parametrize(
    ("text", "problem"), [("title = ", "TOMLDecodeError"), ('title = "A"\nname = "B"\npanel = []\n', "TypeError")]
)
def test_invalid_source_is_named_without_a_traceback(tmp_path: Path, text: str, problem: str) -> None:
    grafana = tmp_path / "grafana"
    shutil.copytree(GENERATE.parent, grafana)
    (grafana / "sources/overview.toml").write_text(text)
    done = subprocess.run([sys.executable, str(grafana / GENERATE.name)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{grafana}/sources/overview.toml: {problem}: ")
    assert done.stderr.count("\n") == 1
