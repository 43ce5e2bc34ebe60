"""Without Redis, no session is renewed and no user is logged out."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import psutil
import pytest

from tests.conftest import StartStack
from tests.e2e.accounts import register, session_cookies
from tests.e2e.api import Api
from tests.e2e.renewals import assert_renewed, present
from tests.e2e.shapes import assert_problem, assert_success
from tests.running.polling import eventually
from tests.running.servers import stop
from tests.running.stacks import Stack

pytestmark = pytest.mark.local_platform


#: More than user-svc has connections to Redis: they wait for one another, and each for a timeout.
SESSIONS = 64


@pytest.fixture(scope="module")
def fragile(start_stack: StartStack) -> Stack:
    """A separate platform to break."""
    return start_stack({})


@pytest.fixture(scope="module")
def fragile_api(fragile: Stack) -> Iterator[Api]:
    with Api(fragile.url) as client:
        yield client


def assert_put_off(response: httpx2.Response) -> None:
    """Checks a 503 with Retry-After that does not change the cookie."""
    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) >= 1
    assert not session_cookies(response)
    assert "X-Access-Token" not in response.headers


def renewed(api: Api, cookie: str) -> httpx2.Response:
    """Waits until Redis is reachable, and returns the response to the same cookie."""

    def attempt() -> httpx2.Response | None:
        response = present(api, cookie)
        assert response.status_code in {200, 503}, response.text
        return response if response.status_code == 200 else None

    return eventually(attempt, within_s=20)


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """Stops a server (SIGSTOP) within the context."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def killed(stack: Stack) -> Iterator[Callable[[], None]]:
    """Kills Redis, and yields a function that restarts it with the same data."""
    server = psutil.Process(stack.services["redis"]["pid"])
    command, environ, started = server.cmdline(), server.environ(), []
    server.kill()
    server.wait(10)

    def start() -> None:
        with (stack.data_dir / "redis" / "redis.conf").open("rb") as configuration:
            started.append(subprocess.Popen(command, env=environ, stdin=configuration, stdout=subprocess.DEVNULL))

    try:
        yield start
    finally:
        for process in started:
            stop(process, signal.SIGTERM)


def test_concurrent_renewals_are_all_deferred_without_redis(fragile: Stack, fragile_api: Api) -> None:
    cookies = [register(fragile_api).cookie for _ in range(SESSIONS)]
    with ThreadPoolExecutor(SESSIONS) as pool:
        with hanging(fragile.services["redis"]["pid"]):
            for response in list(pool.map(lambda cookie: present(fragile_api, cookie), cookies)):
                assert_put_off(response)
        for response in pool.map(lambda cookie: renewed(fragile_api, cookie), cookies):
            assert_success(response, 200)


def test_renewal_is_deferred_when_redis_hangs_or_is_gone(fragile: Stack, fragile_api: Api) -> None:
    account = register(fragile_api)
    redis = fragile.services["redis"]["pid"]

    with hanging(redis):
        for _ in range(3):
            assert_put_off(present(fragile_api, account.cookie))
    cookie = assert_renewed(renewed(fragile_api, account.cookie))
    assert cookie != account.cookie

    with killed(fragile) as restarted:
        for _ in range(3):
            assert_put_off(present(fragile_api, cookie))
        restarted()
        assert_success(renewed(fragile_api, cookie), 200)
