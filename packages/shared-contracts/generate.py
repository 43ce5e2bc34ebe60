"""Generates what shared_contracts holds from protos/: messages, stubs, bases and the descriptor set.

python packages/shared-contracts/generate.py

The protos are compiled first, then formatted, then generated from, and the contract is loaded as the gateway loads it.
Only when all of that has succeeded is anything replaced. Errors are printed as `file:line:column: message`.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.router import Router
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from service_kit.contract import Contract, ContractError

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos"
PACKAGE = Path(__file__).resolve().parent / "src" / "shared_contracts"
#: Written by hand; the plugin would empty it.
HAND_WRITTEN = "__init__.py"
#: Files of others, of which the protos import what they use.
FOREIGN = ("google/", "buf/")


class GenerationError(Exception):
    """The protos are not what can be generated from; the text is for the author, one line for each problem."""


def generate(target: Path, protos: Path = PROTOS) -> None:
    """Writes all generated files to the folder ``target``, replacing those of an earlier run.

    Raises:
        GenerationError: nothing was written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        generated = Path(scratch)
        descriptor_set = generated / "descriptor_set.binpb"
        _buf(protos, "build", "--as-file-descriptor-set", "--output", str(descriptor_set))
        files = FileDescriptorSet.FromString(descriptor_set.read_bytes()).file
        # The annotations are left out: code that only carries options would never run, and what reads the contract
        # reads the descriptor set, which holds them all.
        names = [f"--type={name}" for file in files for name in _types(file)]
        names += [f"--exclude-type={name}" for file in files for name in _extensions(file)]
        _buf(protos, "generate", "--template", str(protos / "buf.gen.yaml"), "--output", scratch, *names)
        _require_servable(descriptor_set.read_bytes(), protos)
        (generated / HAND_WRITTEN).unlink()
        for entry in generated.iterdir():
            _replace(entry, target / entry.name)


def format_protos(protos: Path = PROTOS) -> None:
    """Formats the protos in place, once they compile: of a file that does not parse, formatting may lose a part."""
    _buf(protos, "build")
    _buf(protos, "format", "--write")


def _types(file: FileDescriptorProto) -> Iterator[str]:
    """The names of all that code is generated for, so that a new package needs no entry in a list."""
    if file.name.startswith(FOREIGN) or file.extension:
        return
    for kind in (file.message_type, file.enum_type, file.service):
        for element in kind:
            yield f"{file.package}.{element.name}"


def _extensions(file: FileDescriptorProto) -> Iterator[str]:
    for extension in file.extension:
        yield f"{file.package}.{extension.name}"


def _buf(protos: Path, command: str, *arguments: str) -> None:
    done = subprocess.run(
        ["buf", command, protos.name, *arguments], cwd=protos.parent, check=False, capture_output=True, text=True
    )
    if done.returncode:  # else it has nothing to say but the plugin's progress
        raise GenerationError((done.stderr + done.stdout).rstrip() or f"buf {command} failed ({done.returncode})")


def _require_servable(descriptor_set: bytes, protos: Path) -> None:
    try:
        Router(endpoints_of(Contract.load(descriptor_set)))
    except ContractError as exc:
        raise GenerationError("\n".join(_in_folder(protos, problem) for problem in exc.problems)) from exc


def _in_folder(protos: Path, problem: str) -> str:
    """The problem with its place as buf shows places: from the folder that holds the protos."""
    return f"{protos.name}/{problem}" if (protos / problem.partition(":")[0]).is_file() else problem


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def main() -> int:
    """Returns the exit code."""
    try:
        format_protos()
        generate(PACKAGE)
    except GenerationError as exc:
        sys.stderr.write(f"{exc}\nNothing was generated.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
