"""The database for a subcommand: one connection, for as long as the command runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service_kit.postgres import PoolLimits, PostgresPool, open_pool

from user_svc.settings import Settings


@asynccontextmanager
async def open_database(settings: Settings, command: str) -> AsyncIterator[PostgresPool]:
    """Opens the database. command: the subcommand's name, for PostgreSQL's application name."""
    limits = PoolLimits(
        min_size=1,
        max_size=1,
        wait_s=settings.pool_wait_s,
        connect_timeout_s=settings.connect_timeout_s,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    async with open_pool(settings.database_url.reveal(), limits, application_name=f"user-svc {command}") as pool:
        yield pool
