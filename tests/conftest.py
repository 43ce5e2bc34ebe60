"""What every test may have: real servers, and whole platforms. Each worker of a parallel run has its own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.found import HOW_TO_GET_ONE, browser_path
from tests.running.secrets_seen import SEEN
from tests.running.servers import RunningPostgres, RunningRedis, running_postgres, running_redis
from tests.running.stacks import Stack, running_stack

StartStack = Callable[..., Stack]


_BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the browser's tests out where there is no browser, unless they are asked for by name: then they fail."""
    if collection_path != _BROWSER_TESTS or browser_path() is not None:
        return None
    return None if any("browser" in argument for argument in config.args) else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say that they were left out, and what to do about it."""
    if browser_path() is None and "tests" in config.args:
        terminalreporter.write_line(f"tests/browser was left out: {HOW_TO_GET_ONE}", yellow=True)


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
def start_stack() -> Iterator[StartStack]:
    """Starts further platforms: `start_stack({"NAME": "value"}, replicas={"gateway": 2})`. All end with the tests."""
    with ExitStack() as stacks:

        def start(environ: Mapping[str, str], replicas: Mapping[str, int] | None = None) -> Stack:
            return stacks.enter_context(running_stack(environ, replicas or {}))

        yield start


@pytest.fixture(scope="session")
def stack(start_stack: StartStack) -> Stack:
    """The platform that tests share: what one of them changes, it makes for itself."""
    return start_stack({})
