"""Databases and a Redis of the event tests, which no other tests use."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.events.platform import Platform
from tests.running import order_database, user_database
from tests.running.restartable_redis import RestartableRedis, restartable_redis
from tests.running.servers import RunningPostgres


@pytest.fixture(scope="module")
def database_urls(postgres_server: RunningPostgres) -> tuple[str, str]:
    """The URLs of the databases of user-svc and order-svc."""
    return user_database.migrated_database(postgres_server), order_database.migrated_database(postgres_server)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RestartableRedis]:
    with restartable_redis(tmp_path) as redis:
        yield redis


@pytest.fixture
async def platform(database_urls: tuple[str, str], own_redis: RestartableRedis) -> AsyncIterator[Platform]:
    users_url, orders_url = database_urls
    async with user_database.user_pool(users_url) as users, order_database.order_pool(orders_url) as orders:
        async with users.connection() as connection:
            await connection.execute("DELETE FROM outbox")
        yield Platform(users, orders, own_redis.url)
