"""The license of each package, and the recipes that hooks and documents name."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROJECTS = sorted(
    [ROOT / "pyproject.toml", *ROOT.glob("packages/*/pyproject.toml"), ROOT / "infra/local/pyproject.toml"]
)
RECIPES = set(re.findall(r"^([a-z][\w-]*)(?: [^:\n]*)?:", (ROOT / "justfile").read_text(), re.MULTILINE))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / ".pre-commit-config.yaml"])


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_each_package_has_the_license_and_its_text(project: Path) -> None:
    declared = tomllib.loads(project.read_text())["project"]
    assert declared["license"] == "Apache-2.0"
    assert declared["license-files"] == ["LICENSE"]
    assert (project.parent / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_recipe_that_is_named_exists(document: Path) -> None:
    named = set(re.findall(r"(?:`|^|\./)just ([a-z][\w-]*)", document.read_text(), re.MULTILINE))
    assert named - RECIPES == set()


def test_the_method_that_the_readme_shows_is_in_the_contract() -> None:
    (shown,) = re.findall(r"^```proto\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    protos = " ".join(" ".join(proto.read_text().split()) for proto in (ROOT / "protos").rglob("*.proto"))
    assert " ".join(shown.split()) in protos
