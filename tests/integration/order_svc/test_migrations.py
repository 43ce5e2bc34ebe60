"""The migrations, and the privileges of the service's role."""

import subprocess
import sys

import psycopg
import pytest
from order_svc.adapters.order_repository import PostgresOrderRepository
from order_svc.domain import events
from service_kit.postgres import PostgresPool
from service_kit.postgres.migrations import migrate

from tests.examples.orders import alice, an_order
from tests.running.servers import RunningPostgres, as_owner


def test_second_migration_applies_nothing(postgres_server: RunningPostgres, capfd: pytest.CaptureFixture[str]) -> None:
    url = postgres_server.create_database("orders")
    assert (migrate(url, "order_svc"), migrate(url, "order_svc")) == (0, 0)
    assert capfd.readouterr().out.count("Applied") == 3


def test_migrate_command_creates_the_schema(postgres_server: RunningPostgres) -> None:
    url = postgres_server.create_database("orders")
    environment = {"ORDER_SVC_DATABASE_URL": url, "ORDER_SVC_KEY_SET_UPSTREAM": "127.0.0.1:1"}
    environment["ORDER_SVC_REDIS_URL"] = "redis://127.0.0.1:1/0"
    command = [sys.executable, "-m", "order_svc", "migrate"]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "create_orders" in finished.stdout
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_unreachable_database_fails_without_showing_the_password(capfd: pytest.CaptureFixture[str]) -> None:
    assert migrate("postgresql://orders:hunter2@127.0.0.1:1/orders", "order_svc") == 1
    output = capfd.readouterr()
    assert "refused" in output.err
    assert "hunter2" not in output.out + output.err


@pytest.mark.parametrize(
    "statement", ["DELETE FROM order_events", "UPDATE order_events SET kind = 'x'", "TRUNCATE order_events"]
)
async def test_audit_trail_cannot_be_rewritten_by_the_service_or_the_owner(
    orders: PostgresOrderRepository, pool: PostgresPool, statement: str
) -> None:
    order = an_order()
    await orders.add(order, events.created(order, alice()))
    async with pool.connection() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement.encode())
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        as_owner(pool, statement)
