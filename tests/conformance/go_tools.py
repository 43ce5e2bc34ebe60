"""Third-party programs, built with Go once into .local/go."""

import os
import shutil
import subprocess
from pathlib import Path

_HOME = Path(__file__).resolve().parents[2] / ".local" / "go"
_BUILT_WITHIN_S = 900


def go_tool(module: str, version: str) -> Path:
    """Returns the program of a Go command, such as "example.com/repository/cmd/name", and builds it if it is missing.

    Raises:
        AssertionError: Go is not installed, or the build failed.
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
