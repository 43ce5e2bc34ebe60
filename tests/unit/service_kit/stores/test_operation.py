"""Metrics of store operations, and the names of statements in them."""

import pytest
from psycopg import sql
from service_kit.postgres.timed_cursor import operation_of
from service_kit.stores.operation import StoreOperation

from tests.running import process_metrics

_COUNT = "db_client_operation_duration_seconds_count"


@pytest.fixture(autouse=True, scope="module")
def collected() -> None:
    process_metrics.collect()


def test_successful_operation_is_recorded_without_an_error() -> None:
    with StoreOperation("postgresql", "MERGE"):
        pass
    assert process_metrics.value(_COUNT, db_operation_name="MERGE", error_type="") == 1
    assert process_metrics.value(_COUNT, db_operation_name="MERGE") == 1


def test_failed_operation_is_recorded_under_its_type_and_raised() -> None:
    with pytest.raises(TimeoutError), StoreOperation("redis", "APPEND"):
        raise TimeoutError("text that is in no label")
    assert process_metrics.value(_COUNT, db_system_name="redis", db_operation_name="APPEND") == 1
    assert process_metrics.value(_COUNT, db_operation_name="APPEND", error_type="TimeoutError") == 1


@pytest.mark.parametrize(
    ("query", "operation"),
    [
        ("SELECT 1", "SELECT"),
        ("\n  insert INTO a VALUES (1)", "INSERT"),
        ("CALL bury_user(%s)", "CALL"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "SELECT"),
        ("WITH a AS (UPDATE b SET c = 1 RETURNING d) INSERT INTO e SELECT d FROM a", "UPDATE"),
        ("WITH a AS (SELECT 1 FROM b FOR UPDATE) DELETE FROM b", "DELETE"),
        ("WITH a AS (SELECT updated_at FROM b) SELECT * FROM a", "SELECT"),
        ("VACUUM", "OTHER"),
        ("", "OTHER"),
        (sql.SQL("SELECT 1"), "OTHER"),
    ],
)
def test_statement_is_named_by_its_kind(query: object, operation: str) -> None:
    assert operation_of(query) == operation
