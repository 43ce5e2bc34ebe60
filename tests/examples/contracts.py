"""Contracts for tests: that of Headrace, and small ones compiled with buf."""

import runpy
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import shared_contracts
from service_kit.contract import Contract

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
_GENERATOR = ROOT / "packages/shared-contracts/generate.py"


@cache
def headrace_contract() -> Contract:
    """Returns the contract of this repository."""
    return Contract.load(shared_contracts.descriptor_set())


@cache
def generator() -> dict[str, Any]:
    """Returns the names that generate.py defines: it is a script, not a module of a package."""
    return runpy.run_path(str(_GENERATOR))


def generate_contract(target: Path, protos: Path = PROTOS) -> None:
    """Generates code and descriptor set into ``target``, as `just gen` does."""
    generator()["generate"](target, protos)


def compile_protos(folder: Path, files: dict[str, str]) -> bytes:
    """Builds in ``folder`` a descriptor set of our protos with ``files`` (path → text) added or replaced."""
    shutil.copytree(PROTOS, folder, dirs_exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    output = folder / "descriptor_set.binpb"
    command = ["buf", "build", str(folder), "--as-file-descriptor-set", "--output", str(output)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return output.read_bytes()
