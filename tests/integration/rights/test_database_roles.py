"""The rights of the services' roles in their databases: only what they need."""

from collections.abc import Callable

import psycopg
import pytest
from service_kit.postgres.migrations import migrate

from tests.running import order_database, user_database
from tests.running.servers import RunningPostgres

_APPEND_ONLY = {"user_svc": "audit_log", "order_svc": "order_events"}
_MIGRATED: dict[str, Callable[[RunningPostgres], str]] = {
    "user_svc": user_database.migrated_database,
    "order_svc": order_database.migrated_database,
}

#: {log} is the append-only table.
FORBIDDEN = [
    "UPDATE {log} SET request_id = 'x'",
    "DELETE FROM {log}",
    "TRUNCATE {log}",
    "ALTER TABLE {log} DISABLE TRIGGER ALL",
    "ALTER TABLE {log} DISABLE TRIGGER USER",
    "ALTER TABLE {log} ADD COLUMN more int",
    "ALTER TABLE {log} DROP COLUMN at",
    "ALTER TABLE {log} RENAME TO other",
    "ALTER TABLE {log} OWNER TO current_user",
    "ALTER TABLE {log} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {log} SET UNLOGGED",
    "CREATE TRIGGER mine BEFORE INSERT ON {log} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE mine AS ON INSERT TO {log} DO INSTEAD NOTHING",
    "CREATE INDEX ON {log} (at)",
    "DROP TABLE {log}",
    "SET session_replication_role = replica",
    "SET ROLE postgres",
    "CREATE TABLE mine (it int)",
    "CREATE TEMP TABLE mine (it int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE OR REPLACE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION plpgsql",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "ALTER ROLE current_user SUPERUSER",
    "ALTER DATABASE {database} SET statement_timeout = 1",
    "DELETE FROM schema_migrations",
    "UPDATE {log}_retention SET days = 1",
    "DELETE FROM {log}_default",
    "INSERT INTO {log}_default (at) VALUES (now())",
    "ALTER TABLE {log} DETACH PARTITION {log}_default",
    "SELECT shorten_{log}_at('2999-01-01')",
    "SELECT add_{log}_partition('mine', 'DEFAULT')",
    "INSERT INTO schema_migrations VALUES ('1')",
    "SELECT setval(pg_get_serial_sequence('{log}', '{key}'), 1)",
    "COPY {log} TO PROGRAM 'true'",
    "COPY {log} FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT * FROM pg_authid",
]
_KEYS = {"user_svc": "audit_id", "order_svc": "event_id"}
_REFUSALS = (psycopg.errors.InsufficientPrivilege, psycopg.errors.DuplicateObject)


@pytest.fixture(scope="module", params=list(_MIGRATED))
def service(request: pytest.FixtureRequest, postgres_server: RunningPostgres) -> tuple[str, str]:
    """A service's package, and a connection to its database with the service's role."""
    return request.param, _MIGRATED[request.param](postgres_server)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_service_role_is_refused(service: tuple[str, str], statement: str) -> None:
    package, url = service
    with psycopg.connect(url, autocommit=True) as connection:
        database = connection.info.dbname
        text = statement.format(log=_APPEND_ONLY[package], key=_KEYS[package], database=database)
        with pytest.raises(_REFUSALS) as refused:
            connection.execute(text.encode())
    if isinstance(refused.value, psycopg.errors.DuplicateObject):
        assert "CREATE EXTENSION" in statement  # every database has it


def test_service_role_owns_nothing(service: tuple[str, str]) -> None:
    query = """
        SELECT relname FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
        UNION SELECT datname FROM pg_database WHERE datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)
        UNION SELECT rolname FROM pg_roles WHERE rolname <> current_user AND pg_has_role(current_user, oid, 'MEMBER')"""
    with psycopg.connect(service[1]) as connection:
        assert connection.execute(query).fetchall() == []


def test_migrating_again_revokes_additional_grants(postgres_server: RunningPostgres) -> None:
    owner_url = postgres_server.create_database("granted")
    service_url = postgres_server.create_service_role(owner_url)
    assert migrate(owner_url, "user_svc", service_url) == 0
    with psycopg.connect(owner_url, autocommit=True) as owner:
        role = psycopg.conninfo.conninfo_to_dict(service_url)["user"]
        owner.execute(f"GRANT ALL ON audit_log TO {role}".encode())
    assert migrate(owner_url, "user_svc", service_url) == 0
    with psycopg.connect(service_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM audit_log")
