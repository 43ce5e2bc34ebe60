"""Checks that a database has the schema that a service was built for."""

import re
from importlib import resources

from service_kit.postgres.pool import PostgresPool

#: As dbmate reads the name of a file: the version is the digits before the first other character.
_MIGRATION = re.compile(r"(\d+).*\.sql")


class MissingMigrationsError(Exception):
    """The database lacks migrations; the message names them, for the operator."""


class SchemaCheck:
    """A readiness check: every migration of the import package ``package`` has been applied.

    Further ones may have been applied: during a roll-out and after a roll-back, the schema is ahead of the process.
    """

    def __init__(self, pool: PostgresPool, package: str) -> None:
        self._pool = pool
        folder = resources.files(package) / "migrations"
        found = (_MIGRATION.fullmatch(entry.name) for entry in folder.iterdir())
        self._missing = {match[1] for match in found if match is not None}

    async def check(self) -> None:
        """Checks that no migration is missing; once that is so, without asking the database again.

        Raises:
            MissingMigrationsError: Migrations are missing.
        """
        if not self._missing:
            return
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT version FROM schema_migrations")
            applied = {str(row[0]) for row in await cursor.fetchall()}
        self._missing -= applied
        if self._missing:
            raise MissingMigrationsError(f"migrations are missing: {', '.join(sorted(self._missing))}")
