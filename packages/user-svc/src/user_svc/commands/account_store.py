"""The database, as a subcommand opens it: one connection, for as long as the command runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service_kit.postgres import PoolLimits, PostgresPool, open_pool

from user_svc.adapters.users import PostgresUsers
from user_svc.settings import Settings


@asynccontextmanager
async def open_users(settings: Settings, command: str) -> AsyncIterator[PostgresUsers]:
    """The accounts. command: the subcommand's name, which PostgreSQL shows as the application's."""
    async with open_database(settings, command) as pool:
        yield PostgresUsers(pool)


@asynccontextmanager
async def open_database(settings: Settings, command: str) -> AsyncIterator[PostgresPool]:
    """The database. command: as for `open_users`."""
    limits = PoolLimits(
        min_size=1,
        max_size=1,
        wait_s=settings.pool_wait_s,
        connect_timeout_s=settings.connect_timeout_s,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    async with open_pool(settings.database_url.reveal(), limits, application_name=f"user-svc {command}") as pool:
        yield pool
