"""What every test may have: real servers, and whole platforms. Each worker of a parallel run has its own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest

from tests.running.servers import RunningPostgres, RunningRedis, running_postgres, running_redis
from tests.running.stacks import Stack, running_stack

StartStack = Callable[..., Stack]


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
