"""The monthly partitions of the audit trail: migration, rollback and retention."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.running.migrations import Migration, migrate_before
from tests.running.servers import RunningPostgres

_FILL = """
INSERT INTO order_events (order_id, kind, actor_id, request_id, at, details)
SELECT md5(number::text)::uuid, 'created', md5('a')::uuid, '',
       timestamptz '2025-07-15T00:00:00Z' + number * interval '10 days', '{}'
FROM generate_series(1, 40) AS number"""
_ONE = """
INSERT INTO order_events (order_id, kind, actor_id, request_id, at, details)
VALUES (md5('o')::uuid, 'created', md5('a')::uuid, '', %s, '{}')"""


def ask(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


def rows(url: str) -> list[tuple[Any, ...]]:
    return ask(
        url, "SELECT event_id, order_id, kind, actor_id, request_id, at, details FROM order_events ORDER BY event_id"
    )


@pytest.fixture
def before(postgres_server: RunningPostgres) -> tuple[str, Migration]:
    url = postgres_server.create_database("orders")
    migration, *_ = migrate_before(url, "order_svc", "_bound_growth.sql")
    return url, migration


def test_migration_and_rollback_keep_every_row(before: tuple[str, Migration]) -> None:
    url, migration = before
    ask(url, _FILL)
    kept = rows(url)
    migration.apply(url)
    assert rows(url) == kept
    ask(url, _ONE, datetime.now(UTC) + timedelta(days=40))
    kept = rows(url)
    assert [row[0] for row in kept] == list(range(1, 42))
    migration.take_back(url)
    assert rows(url) == kept
    ask(url, _ONE, datetime.now(UTC))
    assert rows(url)[-1][0] == 42


def test_months_past_the_retention_are_dropped(before: tuple[str, Migration]) -> None:
    url, migration = before
    ask(url, _FILL)
    migration.apply(url)
    (until,) = ask(url, "SELECT until FROM order_events_partitions() WHERE name = 'order_events_before'")[0]
    ask(url, _ONE, until + timedelta(days=400))
    at = until + timedelta(days=400)
    assert ask(url, "SELECT shorten_order_events_at(%s)", at - timedelta(seconds=1)) == [(0,)]
    assert ask(url, "SELECT shorten_order_events_at(%s)", at) == [(1,)]
    assert len(rows(url)) == 1


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET kind = 'x'", "TRUNCATE {}"])
def test_no_partition_of_the_trail_can_be_rewritten(before: tuple[str, Migration], statement: str) -> None:
    url, migration = before
    migration.apply(url)
    ask(url, _ONE, datetime.now(UTC))
    (name,) = ask(url, "SELECT name FROM order_events_partitions() ORDER BY since")[0]
    for table in ("order_events", "order_events_default", name):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            ask(url, statement.format(table))
