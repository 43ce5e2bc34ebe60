"""The monthly partitions of the audit log: created ahead, dropped after the retention, migrated without loss."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.running.migrations import Migration, migrate_before
from tests.running.servers import RunningPostgres
from tests.running.user_database import owned_database

_FILL = """
INSERT INTO audit_log (at, event, actor, subject, ip, request_id, detail)
SELECT timestamptz '2025-07-15T00:00:00Z' + number * interval '10 days', 'logged_in', NULL, md5(number::text)::uuid,
       '192.0.2.7', 'request-' || number, '{"session_id": "0123456789012345678901"}'
FROM generate_series(1, 60) AS number"""
_ADD = "INSERT INTO audit_log (at, event, ip, request_id, detail) VALUES (%s, 'logged_in', '', '', '{}')"
_ROWS = "SELECT audit_id, at, event, actor, subject, ip, request_id, detail FROM audit_log ORDER BY audit_id"
_NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Log:
    """The log of a database, as its owner sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def write(self, *times: datetime) -> None:
        for at in times:
            self.ask(_ADD, at)

    def extend(self, at: datetime) -> tuple[Any, ...]:
        return self.ask("SELECT created, strays FROM extend_audit_log_at(%s)", at)[0]

    def shorten(self, at: datetime, days: int) -> int:
        self.ask("UPDATE audit_log_retention SET days = %s", days)
        return int(self.ask("SELECT shorten_audit_log_at(%s)", at)[0][0])

    def rows(self) -> list[tuple[Any, ...]]:
        return self.ask(_ROWS)

    def months(self) -> list[str]:
        return [name for (name,) in self.ask("SELECT name FROM audit_log_partitions() ORDER BY since")]

    def only_months(self) -> None:
        """Drops the months that the migration created, which depend on the current date."""
        for name in self.months():
            self.ask(f"DROP TABLE {name}")


@pytest.fixture
def log(postgres_server: RunningPostgres) -> Log:
    log = Log(owned_database(postgres_server))
    log.only_months()
    return log


@pytest.fixture
def unpartitioned(postgres_server: RunningPostgres) -> tuple[Log, Migration]:
    url = postgres_server.create_database("users")
    migration, *_ = migrate_before(url, "user_svc", "_partition_audit_log.sql")
    return Log(url), migration


def test_migration_up_and_down_keeps_every_row(unpartitioned: tuple[Log, Migration]) -> None:
    log, migration = unpartitioned
    log.ask(_FILL)
    before = log.rows()
    migration.apply(log.url)
    assert log.rows() == before
    assert log.months()[0] == "audit_log_before"
    log.write(datetime.now(UTC))
    log.write(datetime.now(UTC) + timedelta(days=40))
    after = log.rows()
    assert [row[0] for row in after] == list(range(1, 63))
    migration.take_back(log.url)
    assert log.rows() == after
    log.write(_NOON)
    assert log.rows()[-1][0] == 63
    migration.apply(log.url)
    assert log.rows()[:-1] == after


def test_migration_of_an_empty_log_leaves_only_months(unpartitioned: tuple[Log, Migration]) -> None:
    log, migration = unpartitioned
    migration.apply(log.url)
    assert len(log.months()) == 4
    assert "audit_log_before" not in log.months()
    migration.take_back(log.url)
    assert log.rows() == []


def test_rows_from_before_the_migration_are_dropped_with_their_last_month(unpartitioned: tuple[Log, Migration]) -> None:
    log, migration = unpartitioned
    log.ask(_FILL)
    migration.apply(log.url)
    (until,) = log.ask("SELECT until FROM audit_log_partitions() WHERE name = 'audit_log_before'")[0]
    log.write(until + timedelta(days=100))
    assert log.shorten(until + timedelta(days=100), days=101) == 0
    assert log.shorten(until + timedelta(days=100), days=100) == 1
    assert len(log.rows()) == 1


def test_months_are_created_ahead_once(log: Log) -> None:
    assert log.extend(_NOON) == (4, 0)
    assert log.months() == ["audit_log_2026_11", "audit_log_2026_12", "audit_log_2027_01", "audit_log_2027_02"]
    assert log.extend(_NOON) == (0, 0)
    assert log.extend(_NOON + timedelta(days=1)) == (1, 0)
    assert log.extend(_NOON - timedelta(days=40)) == (1, 0)


def test_event_without_a_month_is_kept_and_moved_to_its_month(log: Log) -> None:
    times = [_NOON, _NOON + timedelta(days=1), _NOON.replace(year=2099), _NOON.replace(year=1970)]
    log.write(*times)
    before = log.rows()
    assert log.extend(_NOON) == (4, 2)
    assert log.rows() == before
    assert log.ask("SELECT count(*) FROM audit_log_2026_11") == [(1,)]
    assert log.ask("SELECT count(*) FROM audit_log_2026_12") == [(1,)]
    log.write(_NOON)
    assert log.rows()[-1][0] == 5


def test_months_past_the_retention_are_dropped(log: Log) -> None:
    log.extend(_NOON)
    log.extend(_NOON + timedelta(days=92))
    log.write(_NOON, _NOON + timedelta(days=1), _NOON + timedelta(days=100))
    until = datetime(2026, 12, 1, tzinfo=UTC)
    assert log.shorten(until + timedelta(days=90, microseconds=-1), days=90) == 0
    assert log.shorten(until + timedelta(days=90), days=90) == 1
    assert log.months()[0] == "audit_log_2026_12"
    assert len(log.rows()) == 2


@pytest.mark.parametrize("days", [0, 400])
def test_months_within_the_retention_are_kept(log: Log, days: int) -> None:
    log.extend(_NOON)
    log.write(_NOON)
    assert log.shorten(_NOON + timedelta(days=400), days) == 0
    assert len(log.rows()) == 1


def test_clock_that_is_far_ahead_drops_nothing(log: Log) -> None:
    log.extend(_NOON)
    log.write(_NOON)
    assert log.shorten(_NOON.replace(year=2040), days=30) == 0


@pytest.mark.parametrize("table", ["audit_log", "audit_log_2026_11", "audit_log_default"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET ip = ''", "TRUNCATE {}"])
def test_partitions_of_the_log_are_append_only(log: Log, table: str, statement: str) -> None:
    log.extend(_NOON)
    log.write(_NOON)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        log.ask(statement.format(table))


def test_maintenance_does_nothing_while_another_process_does_it(log: Log) -> None:
    with psycopg.connect(log.url) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('audit_log'))")
        assert log.extend(_NOON) == (None, None)
        assert log.shorten(_NOON, 1) == 0
    assert log.extend(_NOON) == (4, 0)


def test_service_role_can_run_the_maintenance_but_not_shorten_the_log(
    log: Log, postgres_server: RunningPostgres
) -> None:
    writer = log.url.rpartition("/")[2].partition("?")[0] + "_writer"
    admin = f"{postgres_server.admin_url.rpartition('/')[0]}/{writer.removesuffix('_writer')}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {writer}".encode())
        connection.execute(f"GRANT SELECT, INSERT ON audit_log TO {writer}".encode())
    with psycopg.connect(admin) as connection:
        connection.execute(f"SET ROLE {writer}".encode())
        assert connection.execute("SELECT created FROM extend_audit_log()").fetchone() == (4,)
        assert connection.execute("SELECT shorten_audit_log()").fetchone() == (0,)
        for statement in (
            b"SELECT shorten_audit_log_at('2040-01-01')",
            b"SELECT extend_audit_log_at('2040-01-01')",
            b"UPDATE audit_log_retention SET days = 1",
            b"DELETE FROM audit_log",
            b"DROP TABLE audit_log_default",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)
