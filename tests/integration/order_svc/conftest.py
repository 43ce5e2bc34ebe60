"""Fixtures of the order service's integration tests: a migrated database, and a pool of connections to it."""

from collections.abc import AsyncIterator

import pytest
from order_svc.adapters.order_repository import PostgresOrderRepository
from service_kit.postgres import PostgresPool

from tests.running.order_database import migrated_database, order_pool
from tests.running.servers import RunningPostgres


@pytest.fixture(scope="module")
def database_url(postgres_server: RunningPostgres) -> str:
    return migrated_database(postgres_server)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[PostgresPool]:
    async with order_pool(database_url) as pool:
        yield pool


@pytest.fixture
def orders(pool: PostgresPool) -> PostgresOrderRepository:
    return PostgresOrderRepository(pool)
