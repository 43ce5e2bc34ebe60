"""Runs a service in this process with the settings of the running stack: the program of .vscode/launch.json.

python infra/local/run_in_debugger.py SERVICE [DATA_DIR]

It stops the stack's own process of the service first and takes its ports. `just restart SERVICE` starts that again.
"""

import json
import os
import runpy
import signal
import sys
import time
from pathlib import Path

_DATA = Path(__file__).resolve().parents[2] / ".local"
_STOPS_WITHIN_S = 30


def main(service: str, data: Path = _DATA) -> None:
    """Stops the stack's process of the service, then runs the service to its end."""
    try:
        pid = json.loads((data / "state.json").read_text())["services"][service]["pid"]
        settings = json.loads((data / "secrets" / "inventory.json").read_text())["environ"]
    except (FileNotFoundError, KeyError):
        sys.exit(f"no stack with {service} runs on {data}: start one with `./just up -d`")
    _stop(pid)
    os.environ.update({name: value for name, value in settings.items() if name not in os.environ})
    sys.argv = [service]
    runpy.run_module(service.replace("-", "_"), run_name="__main__", alter_sys=True)


def _stop(pid: int) -> None:
    deadline = time.monotonic() + _STOPS_WITHIN_S
    try:
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            time.sleep(0.1)
            os.kill(pid, 0)
    except ProcessLookupError:
        return
    sys.exit(f"process {pid} did not stop within {_STOPS_WITHIN_S} s")


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
