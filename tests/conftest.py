"""What every test may have: real servers, and whole platforms. Each worker of a parallel run has its own."""

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
from tests.left_out import left_out
from tests.running.secrets_seen import SEEN
from tests.running.servers import RunningPostgres, RunningRedis, running_postgres, running_redis
from tests.running.stacks import Stack, running_stack

StartStack = Callable[..., Stack]

_TESTS = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--platform=compose`: the platforms that tests start run in containers, not as processes of this machine."""
    parser.addoption("--platform", choices=("local", "compose"), default="local", help="where platforms run (local)")


def pytest_configure(config: pytest.Config) -> None:
    # The programs of the environment (buf, dbmate), also where only its interpreter is used, as an IDE does.
    os.environ["PATH"] = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
    if config.getoption("--platform") == "compose":
        try:
            require_engine()
        except DockerError as missing:  # one sentence, before thousands of tests are collected
            raise pytest.UsageError(str(missing)) from missing
    meaning = "needs a platform of processes on this machine: their ids and logs, and loopback as a client's address"
    config.addinivalue_line("markers", f"local_platform: {meaning}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what containers hide."""
    if config.getoption("--platform") == "compose":
        hidden = [item for item in items if item.get_closest_marker("local_platform")]
        config.hook.pytest_deselected(items=hidden)
        items[:] = [item for item in items if item not in hidden]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the folders that need what is not here, unless they are asked for by name: then they fail."""
    if collection_path.parent != _TESTS or collection_path.name not in left_out():
        return None
    return None if any(collection_path.name in argument for argument in config.args) else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says where the time went, what was left out, and what to do about it."""
    write_folder_times(terminalreporter)
    if "tests" in config.args:
        for folder, reason in left_out().items():
            terminalreporter.write_line(f"tests/{folder} was left out: {reason}", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def untold_secrets() -> Iterator[None]:
    """At the very end, the logs of the processes that tests started by themselves are searched for secrets."""
    yield
    SEEN.assert_watched_untold()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[RunningPostgres]:
    """A PostgreSQL server: `create_database(prefix)` gives the address of a database of one's own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RunningRedis]:
    """A Redis-compatible server, at `url`; other tests use it too."""
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    """The docker command, with an engine behind it and the platform's images on it."""
    with running_engine() as docker:
        build_images(docker)
        yield docker


@pytest.fixture(scope="session")
def start_stack(request: pytest.FixtureRequest) -> Iterator[StartStack]:
    """Starts further platforms: `start_stack({"NAME": "value"}, replicas={"gateway": 2})`. All end with the tests."""
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
    """The platform that tests share: what one of them changes, it makes for itself."""
    return start_stack({})
