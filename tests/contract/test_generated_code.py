"""The generated code is current, and standard tools accept the protos."""

import filecmp
import subprocess
from pathlib import Path

from tests.examples.contracts import PROTOS, ROOT, generate_contract

CHECKED_IN = ROOT / "packages/shared-contracts/src/shared_contracts"
HAND_WRITTEN = {"__init__.py", "py.typed"}


def _files(folder: Path) -> set[str]:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if "__pycache__" not in name} - HAND_WRITTEN


def test_checked_in_code_and_descriptor_set_are_current(tmp_path: Path) -> None:
    generate_contract(tmp_path)

    assert _files(tmp_path) == _files(CHECKED_IN)
    _, changed, unreadable = filecmp.cmpfiles(tmp_path, CHECKED_IN, _files(tmp_path), shallow=False)
    assert (changed, unreadable) == ([], []), "run `just gen`"


def test_protos_pass_lint_and_format() -> None:
    for command in (["buf", "lint"], ["buf", "format", "--diff", "--exit-code"]):
        result = subprocess.run(command, cwd=PROTOS, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
