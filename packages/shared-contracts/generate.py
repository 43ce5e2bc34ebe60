"""Generates what shared_contracts holds from protos/: messages, stubs, bases and the descriptor set.

python packages/shared-contracts/generate.py [TARGET]

TARGET is the folder to write to; without it, the package's own source folder.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROTOS = Path(__file__).resolve().parents[2] / "protos"
PACKAGE = Path(__file__).resolve().parent / "src" / "shared_contracts"
#: Written by hand; the plugin would empty it.
OURS = "__init__.py"


def generate(target: Path) -> None:
    """Write all generated files to the folder ``target``, replacing those of an earlier run."""
    with tempfile.TemporaryDirectory() as scratch:
        generated = Path(scratch)
        _buf("generate", "--template", "buf.gen.yaml", "--output", scratch)
        _buf("build", "--as-file-descriptor-set", "--output", str(generated / "descriptor_set.binpb"))
        (generated / OURS).unlink()
        for entry in generated.iterdir():
            _replace(entry, target / entry.name)


def _buf(*arguments: str) -> None:
    subprocess.run(["buf", *arguments], cwd=PROTOS, check=True, stderr=subprocess.DEVNULL)  # the plugin chats there


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
