"""MonthlyLog on the audit log of user-svc: its changes, metrics, log lines and failures."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from loguru import logger
from service_kit.postgres import PostgresPool, monthly_log
from service_kit.postgres.monthly_log import MonthlyLog, set_retention

from tests.running.servers import RunningPostgres, free_port
from tests.running.user_database import ONE_CONNECTION, owned_database, user_pool


@pytest.fixture
def url(postgres_server: RunningPostgres) -> str:
    return owned_database(postgres_server)


@pytest.fixture
async def pool(url: str) -> AsyncIterator[PostgresPool]:
    async with user_pool(url) as pool:
        yield pool


@pytest.fixture
def lines() -> Iterator[list[str]]:
    found: list[str] = []
    sink = logger.add(lambda line: found.append(str(line)), format="{level} {message} {extra}")
    yield found
    logger.remove(sink)


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def months(url: str) -> list[object]:
    return [name for (name,) in ask(url, "SELECT name FROM audit_log_partitions() ORDER BY since")]


async def test_maintenance_creates_missing_months_and_drops_expired_ones(
    url: str, pool: PostgresPool, lines: list[str]
) -> None:
    made = months(url)
    ask(url, f"DROP TABLE {made[0]}, {made[1]}")
    ask(url, "SELECT add_audit_log_month('2020-01-01T00:00:00Z')")
    ask(url, "INSERT INTO audit_log (at, event, ip, request_id, detail) VALUES (now(), 'logged_in', '', '', '{}')")
    await MonthlyLog(pool, "audit_log").maintain()
    assert months(url) == made
    assert [line for line in lines if "log months created" in line and "'months': 2" in line]
    assert [line for line in lines if "log months dropped" in line and "'months': 1" in line]
    lines.clear()
    await MonthlyLog(pool, "audit_log").maintain()
    assert lines == []


async def test_only_the_owner_can_set_the_retention(url: str, pool: PostgresPool) -> None:
    ask(url, "SELECT add_audit_log_month('2020-01-01T00:00:00Z')")
    ask(url, "INSERT INTO audit_log (at, event, ip, request_id, detail) VALUES (now(), 'logged_in', '', '', '{}')")
    set_retention(url, "audit_log", 0)
    await MonthlyLog(pool, "audit_log").maintain()
    assert "audit_log_2020_01" in months(url)
    set_retention(url, "audit_log", 30)
    await MonthlyLog(pool, "audit_log").maintain()
    assert "audit_log_2020_01" not in months(url)


async def test_concurrent_maintenance_creates_each_month_once(url: str, pool: PostgresPool) -> None:
    made = months(url)
    ask(url, f"DROP TABLE {', '.join(map(str, made))}")
    await asyncio.gather(*(MonthlyLog(pool, "audit_log").maintain() for _ in range(8)))
    assert months(url) == made


async def test_failed_maintenance_is_logged_once_and_retried(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    monkeypatch.setattr(monthly_log, "_RETRY_S", 0.01)
    nowhere = f"postgresql://x@127.0.0.1:{free_port()}/x"
    async with user_pool(nowhere, ONE_CONNECTION) as pool:
        pool.timeout = 0.02
        log = MonthlyLog(pool, "audit_log")
        tries, third = 0, asyncio.Event()

        async def maintain() -> None:
            nonlocal tries
            tries += 1
            if tries == 3:
                third.set()
            await MonthlyLog.maintain(log)

        monkeypatch.setattr(log, "maintain", maintain)
        maintaining = asyncio.create_task(log.maintain_forever())
        await third.wait()
        maintaining.cancel()
    assert len([line for line in lines if "log maintenance failed" in line]) == 1
