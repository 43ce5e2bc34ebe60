"""Fixtures for all tests: real servers and whole platforms, separate for each worker of a parallel run."""

import os
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.compose.compose_stack import running_compose
from tests.compose.docker import Docker, DockerError
from tests.compose.engine import require_engine, running_engine
from tests.compose.images import build_images
from tests.folder_times import write_folder_times
from tests.hypothesis_profiles import register_profiles
from tests.left_out import left_out
from tests.running.secrets_seen import SEEN
from tests.running.servers import RunningPostgres, RunningRedis, running_postgres, running_redis
from tests.running.stacks import Stack, running_stack

StartStack = Callable[..., Stack]

_TESTS = Path(__file__).parent
register_profiles()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--platform=compose`: platforms run in containers, not as processes on this machine."""
    parser.addoption("--platform", choices=("local", "compose"), default="local", help="where platforms run (local)")


def pytest_configure(config: pytest.Config) -> None:
    # An IDE runs the interpreter without activating its environment: its programs (buf, dbmate) must still be found.
    os.environ["PATH"] = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
    if config.getoption("--platform") == "compose":
        try:
            require_engine()
        except DockerError as missing:  # one sentence instead of thousands of errors
            raise pytest.UsageError(str(missing)) from missing
    meaning = "needs a platform of processes on this machine: their ids and logs, and loopback as a client's address"
    config.addinivalue_line("markers", f"local_platform: {meaning}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects tests that need processes on this machine, if the platform runs in containers."""
    if config.getoption("--platform") == "compose":
        hidden = [item for item in items if item.get_closest_marker("local_platform")]
        config.hook.pytest_deselected(items=hidden)
        items[:] = [item for item in items if item not in hidden]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out folders that need a missing program, unless they are named: then they fail."""
    if collection_path.parent != _TESTS or collection_path.name not in left_out():
        return None
    return None if any(collection_path.name in argument for argument in config.args) else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the time per folder, and the folders that were left out with the remedy."""
    write_folder_times(terminalreporter)
    if "tests" in config.args:
        for folder, reason in left_out().items():
            terminalreporter.write_line(f"tests/{folder} was left out: {reason}", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def no_secrets_in_logs() -> Iterator[None]:
    """Searches the registered logs for secrets after all tests."""
    yield
    SEEN.assert_watched_clean()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[RunningPostgres]:
    """A PostgreSQL server: `create_database(prefix)` returns the URL of a new database."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RunningRedis]:
    """A Redis-compatible server at `url`, shared with other tests."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """The docker command, with a running engine and the platform's images."""
    with running_engine() as docker:
        build_images(docker)
        yield docker


@pytest.fixture(scope="session")
def start_stack(request: pytest.FixtureRequest) -> Iterator[StartStack]:
    """Starts platforms: `start_stack({"NAME": "value"}, replicas={"gateway": 2})`; all end with the session."""
    in_containers = request.config.getoption("--platform") == "compose"
    docker = request.getfixturevalue("docker") if in_containers else None
    with ExitStack() as stacks:

        def start(environ: Mapping[str, str], replicas: Mapping[str, int] | None = None) -> Any:
            if docker is not None:
                return stacks.enter_context(running_compose(docker, environ, replicas or {}))
            return stacks.enter_context(running_stack(environ, replicas or {}))

        yield start


@pytest.fixture(scope="session")
def stack(start_stack: StartStack) -> Stack:
    """The platform that tests share; a test changes only what it has created itself."""
    return start_stack({})
