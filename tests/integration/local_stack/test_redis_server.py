"""The embedded Redis-compatible server."""

import stat
from pathlib import Path

import pytest
import redis
from local_stack.errors import ProcessFailedError
from local_stack.servers.redis import RedisServer
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.running.servers import RunningRedis, free_port, running, started

AT_ONCE = Retry(NoBackoff(), 0)
"""No retries: a command fails at the first error."""


@pytest.fixture
def server(tmp_path: Path) -> RedisServer:
    """A server in a folder whose name needs quoting, and is a pattern that matches nothing."""
    home = tmp_path / '[x] with a space, a " and a \\ *?'
    home.mkdir()
    return RedisServer(home, free_port(), "a-password", tmp_path / "log", {})


def test_acknowledged_writes_survive_a_killed_redis(server: RedisServer) -> None:
    with running(server) as process:
        with redis.Redis.from_url(server.url) as client:
            for number in range(100):
                client.set(f"key:{number}", number)
        process.kill()
        process.wait()

    with running(server) as process, redis.Redis.from_url(server.url) as client:
        assert client.dbsize() == 100
    assert process.returncode == 0


def test_redis_requires_its_password_and_does_not_reveal_it(server: RedisServer) -> None:
    with running(server):
        with redis.Redis(port=server.port, retry=AT_ONCE) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        assert stat.S_IMODE((server.home / "redis.conf").stat().st_mode) == 0o600


def test_redis_that_cannot_start_names_the_reason_in_its_log(server: RedisServer) -> None:
    (server.home / "appendonlydir").write_text("in the way")

    with pytest.raises(ProcessFailedError, match="redis failed: exited with code 1") as failure:
        started(server)

    assert "append-only" in failure.value.log.read_text()


def test_shared_redis_answers(redis_server: RunningRedis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping() is True
