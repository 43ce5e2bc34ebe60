"""The schema check, on a real server."""

import pytest
from psycopg.errors import UndefinedTable
from service_kit.postgres import open_pool
from service_kit.postgres.schema import MissingMigrationsError, SchemaCheck

from tests.running.order_database import LIMITS, migrated_database, owned_database
from tests.running.servers import RunningPostgres


async def test_the_services_own_role_sees_that_the_schema_is_complete(postgres_server: RunningPostgres) -> None:
    async with open_pool(migrated_database(postgres_server), LIMITS, application_name="tests") as pool:
        await SchemaCheck(pool, "order_svc").check()


async def test_missing_migrations_are_named_until_they_are_applied(postgres_server: RunningPostgres) -> None:
    async with open_pool(owned_database(postgres_server), LIMITS, application_name="tests") as pool:
        schema = SchemaCheck(pool, "order_svc")
        async with pool.connection() as connection:
            cursor = await connection.execute("DELETE FROM schema_migrations RETURNING version")
            versions = sorted(str(row[0]) for row in await cursor.fetchall())
        for left in range(len(versions)):
            with pytest.raises(MissingMigrationsError, match=f"migrations are missing: {', '.join(versions[left:])}$"):
                await schema.check()
            async with pool.connection() as connection:
                await connection.execute("INSERT INTO schema_migrations VALUES (%s)", (versions[left],))
        await schema.check()


async def test_a_schema_that_is_ahead_is_complete(postgres_server: RunningPostgres) -> None:
    async with open_pool(owned_database(postgres_server), LIMITS, application_name="tests") as pool:
        async with pool.connection() as connection:
            await connection.execute("INSERT INTO schema_migrations VALUES ('29990101000000')")
        await SchemaCheck(pool, "order_svc").check()


async def test_a_database_without_any_migration_is_not_ready(postgres_server: RunningPostgres) -> None:
    url = postgres_server.create_database("empty")
    async with open_pool(url, LIMITS, application_name="tests") as pool:
        with pytest.raises(UndefinedTable):
            await SchemaCheck(pool, "order_svc").check()
