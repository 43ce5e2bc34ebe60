"""Programs of others that are built with Go, once, into .local/go; from then on they are there."""

import os
import shutil
import subprocess
from pathlib import Path

_HOME = Path(__file__).resolve().parents[2] / ".local" / "go"
_BUILT_WITHIN_S = 900


def go_tool(module: str, version: str) -> Path:
    """Returns the program of a module's command, "example.com/repository/cmd/name", at a version, built if need be.

    Raises:
        AssertionError: there is no Go to build it with, or it could not be built.
    """
    program = _HOME / version / Path(module).name
    if program.exists():
        return program
    go = shutil.which("go")
    assert go is not None, f"{module} is built with Go, which is not on PATH"
    environ = {**os.environ, "GOBIN": str(program.parent), "GOFLAGS": "-p=2"}
    command = [go, "install", f"{module}@{version}"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_BUILT_WITHIN_S, check=False)
    assert done.returncode == 0, done.stderr
    return program
