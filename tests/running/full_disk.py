"""Simulates a full disk of PostgreSQL for one table."""

from collections.abc import Iterator
from contextlib import contextmanager

from service_kit.postgres import PostgresPool

from tests.running.servers import as_owner

#: The server's code and text when it cannot extend the file of a table (ENOSPC).
_FUNCTION = """
    CREATE OR REPLACE FUNCTION no_space_left() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END $$"""


@contextmanager
def full_disk(pool: PostgresPool, table: str) -> Iterator[None]:
    """Makes the server refuse every insert into this table within the context."""
    trigger = f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION no_space_left()"
    as_owner(pool, _FUNCTION, trigger)
    try:
        yield
    finally:
        as_owner(pool, f"DROP TRIGGER full_disk ON {table}")
