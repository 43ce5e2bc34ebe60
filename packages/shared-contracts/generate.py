"""Generates the package shared_contracts from protos/: messages, stubs, service bases and the descriptor set.

python packages/shared-contracts/generate.py

Compiles the protos, formats them, generates from them, and loads the contract as the gateway loads it. Replaces files
only after all of these have succeeded. On an error, prints the compiler's message (`file:line:column: message`) and
exits with 1.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.transcoding.endpoint import endpoints_of
from gateway.transcoding.router import Router
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from service_kit.contract import Contract, ContractError
from service_kit.contract.comments import read_locations
from service_kit.validation.formats import compile_pattern

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos"
PACKAGE = Path(__file__).resolve().parent / "src" / "shared_contracts"
#: Written by hand, and not replaced by the plugin's file of the same name.
HAND_WRITTEN = "__init__.py"
#: Third-party protos, of which only the imported parts are generated.
THIRD_PARTY = ("google/", "buf/")


class GenerationError(Exception):
    """The protos have errors; the text lists them for the author, one per line."""


def generate(target: Path, protos: Path = PROTOS) -> None:
    """Writes all generated files to the folder ``target``, and replaces those of an earlier run.

    Raises:
        GenerationError: nothing was written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        generated = Path(scratch)
        descriptor_set = generated / "descriptor_set.binpb"
        _buf(protos, "build", "--as-file-descriptor-set", "--output", str(descriptor_set))
        files = FileDescriptorSet.FromString(descriptor_set.read_bytes()).file
        _require_packages(protos, files)
        # Annotations are excluded: their code would never run, because options are read from the descriptor set.
        names = [f"--type={name}" for file in files for name in _types(file)]
        names += [f"--exclude-type={name}" for file in files for name in _extensions(file)]
        _buf(protos, "generate", "--template", str(protos / "buf.gen.yaml"), "--output", scratch, *names)
        _require_servable(protos, descriptor_set.read_bytes())
        (generated / HAND_WRITTEN).unlink()
        for entry in generated.iterdir():
            _replace(entry, target / entry.name)


def format_protos(protos: Path = PROTOS) -> None:
    """Formats the protos in place, after they have compiled: formatting a file with syntax errors may lose parts of it.

    Raises:
        GenerationError: the protos do not compile, and no file was changed.
    """
    _buf(protos, "build")
    _buf(protos, "format", "--write")


def _types(file: FileDescriptorProto) -> Iterator[str]:
    """Yields the names of all types to generate, so that a new package needs no entry in a list."""
    if file.name.startswith(THIRD_PARTY) or file.extension:
        return
    for kind in (file.message_type, file.enum_type, file.service):
        for element in kind:
            yield f"{file.package}.{element.name}"


def _extensions(file: FileDescriptorProto) -> Iterator[str]:
    for extension in file.extension:
        yield f"{file.package}.{extension.name}"


def _buf(protos: Path, command: str, *arguments: str) -> None:
    # The wheels of buf and its plugin install their programs beside the interpreter, which need not be on PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    program = shutil.which("buf", path=path)
    if program is None:
        raise GenerationError("buf is not installed: run `uv sync`")
    done = subprocess.run(
        [program, command, protos.name, *arguments],
        cwd=protos.parent,
        env={**os.environ, "PATH": path},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:  # on success, the output is only the plugin's progress
        message = "\n".join(_without_tracebacks(done.stderr + done.stdout)).rstrip()
        raise GenerationError(message or f"buf {command} failed ({done.returncode})")


def _without_tracebacks(output: str) -> Iterator[str]:
    """Yields the lines of an output, with only the last line of each traceback of a Python plugin: the exception."""
    in_traceback = False
    for line in output.splitlines():
        in_traceback = line.startswith("Traceback (") or (in_traceback and line.startswith(" "))
        if not in_traceback:
            yield line


def _require_packages(protos: Path, files: Iterable[FileDescriptorProto]) -> None:
    if problems := [f"{protos.name}/{file.name}:1:1:the file has no package" for file in files if not file.package]:
        raise GenerationError("\n".join(problems))


def _require_servable(protos: Path, descriptor_set: bytes) -> None:
    """Loads the contract and its routes as the gateway does."""
    try:
        contract = Contract.load(descriptor_set)
        _require_valid_patterns(contract, FileDescriptorSet.FromString(descriptor_set).file)
        Router(endpoints_of(contract))
    except ContractError as exc:
        raise GenerationError("\n".join(_in_folder(protos, problem) for problem in exc.problems)) from exc


def _require_valid_patterns(contract: Contract, files: Iterable[FileDescriptorProto]) -> None:
    if problems := [*_invalid_patterns(contract, files)]:
        raise ContractError(*problems)


def _invalid_patterns(contract: Contract, files: Iterable[FileDescriptorProto]) -> Iterator[str]:
    """Yields a problem for each pattern of buf.validate that is no regular expression; buf does not check them."""
    for file in files:
        for name, place in read_locations(file).items():
            try:
                rules = contract.field_rules(contract.pool.FindFieldByName(name))
            except KeyError:  # not a field
                continue
            try:
                compile_pattern(rules.string.pattern if rules is not None else "")
            except re.error as exc:
                yield f"{place}: the pattern of {name} does not compile: {exc}"


def _in_folder(protos: Path, problem: str) -> str:
    """Returns the problem with its place relative to the parent of the protos, as buf prints places."""
    return f"{protos.name}/{problem}" if (protos / problem.partition(":")[0]).is_file() else problem


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def main() -> int:
    """Runs the command, and returns its exit code."""
    try:
        format_protos()
        generate(PACKAGE)
    except GenerationError as exc:
        sys.stderr.write(f"{exc}\nNothing was generated.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
