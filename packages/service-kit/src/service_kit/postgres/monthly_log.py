"""A log partitioned by month: partitions are created ahead, and dropped when they are older than the retention.

A migration of the service creates the table and two functions, which do the work in the server with the rights of their
owner: extend_NAME() and shorten_NAME() (such as user_svc's 20261130220000_partition_audit_log.sql). If a month is
missing nevertheless, a default partition takes its events, and they move once the month exists.
"""

import asyncio
import random
from collections.abc import Iterable

import psycopg
from loguru import logger
from opentelemetry.metrics import CallbackOptions, Observation
from psycopg import sql

from service_kit.postgres.pool import PostgresPool
from service_kit.postgres.statements import fetch_one
from service_kit.telemetry.metrics import from_zero, meter

_EVERY_S = 3600.0
#: After a failure: well before the months that were created ahead are over.
_RETRY_S = 60.0


class MonthlyLog:
    """Maintains the log of the table ``name``. Every replica does; locks in the server serialize them."""

    def __init__(self, pool: PostgresPool, name: str) -> None:
        self._pool = pool
        self._name = name
        self._strays = 0
        self._failing = False
        self._labels = {"log": name}
        instruments = meter("headrace.log")
        self._months = instruments.create_counter(
            "headrace.log.months",
            unit="{month}",
            description="Monthly partitions of a log that were created, or dropped after their retention",
        )
        from_zero(self._months, *({**self._labels, "change": change} for change in ("created", "dropped")))
        self._failures = instruments.create_counter(
            "headrace.log.failures", unit="{failure}", description="Failed runs of a log's maintenance"
        )
        from_zero(self._failures, self._labels)
        instruments.create_observable_gauge(
            "headrace.log.strays", [self._observe], "{event}", "Events of a log in its default partition"
        )

    async def maintain_forever(self) -> None:
        """Maintains the log now, and then once an hour, give or take 10 % so that replicas drift apart."""
        while True:
            try:
                await self.maintain()
            except (psycopg.Error, TimeoutError) as exc:
                self._failed(exc)
                pause_s = _RETRY_S
            else:
                self._succeeded()
                pause_s = _EVERY_S
            await asyncio.sleep(pause_s * random.uniform(0.9, 1.1))  # noqa: S311 - no secret

    async def maintain(self) -> None:
        """Creates the months that are missing and drops those past their retention, unless another process is doing it.

        Raises:
            psycopg.Error: What was done before it stays done.
        """
        extended = await fetch_one(self._pool, self._call("extend_{}"))
        if extended is not None and extended[0] is not None:
            created, self._strays = extended
            self._changed("created", created)
        shortened = await fetch_one(self._pool, self._call("shorten_{}"))
        self._changed("dropped", shortened[0] if shortened is not None else 0)

    def _call(self, function: str) -> sql.Composed:
        name = sql.Identifier(function.format(self._name))
        return sql.SQL("SELECT * FROM {}()").format(name)

    def _changed(self, change: str, months: int) -> None:
        if months:
            self._months.add(months, {**self._labels, "change": change})
            logger.bind(log=self._name, months=months).info(f"log months {change}")

    def _failed(self, exc: Exception) -> None:
        self._failures.add(1, self._labels)
        if not self._failing:
            # The type alone: a driver's text may hold an address with its password.
            logger.bind(log=self._name, cause=type(exc).__name__).warning("log maintenance failed")
        self._failing = True

    def _succeeded(self) -> None:
        if self._failing:
            logger.bind(log=self._name).info("log maintenance recovered")
        self._failing = False

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._strays, self._labels)]


def set_retention(database_url: str, name: str, days: int) -> None:
    """Sets the retention of the log ``name``; it is part of migrating, because only the owner of the schema may.

    Args:
        database_url: The database, as the role that owns the schema.
        name: The log's table.
        days: How long after its end a month is kept; 0: for ever.

    Raises:
        psycopg.Error: The server refuses, or cannot be reached.
    """
    statement = sql.SQL("UPDATE {} SET days = %s WHERE days <> %s").format(sql.Identifier(f"{name}_retention"))
    with psycopg.connect(database_url) as connection:
        connection.execute(statement, (days, days))
