"""The whole user service as a separate process, and stubs that call it."""

import signal
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from grpclib.client import Channel
from shared_contracts.headrace.session.v1 import SessionServiceStub
from shared_contracts.user.v1 import (
    UserServiceStub,
)

from tests.examples.users import PASSWORD
from tests.integration.user_svc.command import UserSvc, installation
from tests.running.polling import eventually
from tests.running.secret_hooks import listen_to
from tests.running.servers import RunningPostgres, RunningRedis, stop

ADMIN_EMAIL = "boss@example.com"


@pytest.fixture(scope="session")
def user_svc(
    postgres_server: RunningPostgres, redis_server: RunningRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UserSvc]:
    folder: Path = tmp_path_factory.mktemp("user-svc")
    user_svc = installation(postgres_server, redis_server, folder)
    assert user_svc.run("migrate").returncode == 0
    assert user_svc.run("keys", "create").returncode == 0
    assert user_svc.run("create-admin", "--email", ADMIN_EMAIL, "--name", "Boss", stdin=PASSWORD).returncode == 0
    process = user_svc.start(folder / "log")
    eventually(lambda: ready(user_svc), within_s=60)
    yield user_svc
    stop(process, signal.SIGTERM)
    log = (folder / "log").read_text()
    assert process.returncode == 0, log
    assert '"ERROR"' not in log
    assert PASSWORD not in log


@pytest.fixture(scope="session")
async def channel(user_svc: UserSvc) -> AsyncIterator[Channel]:
    channel = Channel("127.0.0.1", user_svc.port)
    listen_to(channel)
    yield channel
    channel.close()


def ready(user_svc: UserSvc) -> bool | None:
    try:
        with urllib.request.urlopen(f"{user_svc.admin_url}/readyz") as response:  # noqa: S310 - a local address
            return True if response.status == 200 else None
    except OSError:
        return None


@pytest.fixture
def users(channel: Channel) -> UserServiceStub:
    return UserServiceStub(channel, timeout=10)


@pytest.fixture
def sessions(channel: Channel) -> SessionServiceStub:
    return SessionServiceStub(channel, timeout=10)
