"""A service's own PostgreSQL database. Needs the extra `service-kit[postgres]`."""

from typing import Protocol

from service_kit.lifecycle import Lifecycle
from service_kit.postgres import PoolLimits, PostgresPool, open_pool, ping
from service_kit.postgres.schema import SchemaCheck
from service_kit.settings import Secret


class DatabaseSettings(Protocol):
    """The settings of a process with a database."""

    @property
    def database_url(self) -> Secret: ...
    @property
    def pool_min_size(self) -> int: ...
    @property
    def pool_max_size(self) -> int: ...
    @property
    def pool_wait_s(self) -> float: ...
    @property
    def connect_timeout_s(self) -> int: ...
    @property
    def statement_timeout_ms(self) -> int: ...


async def open_database(
    lifecycle: Lifecycle, settings: DatabaseSettings, *, service: str, package: str
) -> PostgresPool:
    """Opens the pool of connections, and makes readiness depend on the server and on its schema.

    Args:
        lifecycle: Closes the pool when the process ends.
        settings: Where the database is, and the bounds of the pool.
        service: The application name that PostgreSQL lists connections under.
        package: The import package that holds the migrations.
    """
    limits = PoolLimits(
        min_size=settings.pool_min_size,
        max_size=settings.pool_max_size,
        wait_s=settings.pool_wait_s,
        connect_timeout_s=settings.connect_timeout_s,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    url = settings.database_url.reveal()
    pool = await lifecycle.enter("postgres", open_pool(url, limits, application_name=service))
    # Probes have a connection of their own: a pool that requests have exhausted is no reason to be not ready.
    for_probes = open_pool(url, limits.for_probes(), application_name=f"{service} probe")
    probe = await lifecycle.enter("postgres-probe", for_probes)
    lifecycle.readiness.add("postgres", lambda: ping(probe))
    lifecycle.readiness.add("schema", SchemaCheck(probe, package).check)
    return pool
