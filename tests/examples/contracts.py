"""Contracts for tests: ours, and small ones compiled from proto text with buf, as a contributor would."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import shared_contracts
from service_kit.contract import Contract

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"


@cache
def headrace_contract() -> Contract:
    """The contract that this repository ships."""
    return Contract.load(shared_contracts.descriptor_set())


def compile_protos(folder: Path, files: dict[str, str]) -> bytes:
    """A descriptor set of our protos with ``files`` (path → text) added or replaced, built in ``folder``."""
    shutil.copytree(PROTOS, folder, dirs_exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    output = folder / "descriptor_set.binpb"
    command = ["buf", "build", str(folder), "--as-file-descriptor-set", "--output", str(output)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return output.read_bytes()
