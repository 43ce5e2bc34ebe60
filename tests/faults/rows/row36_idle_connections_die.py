"""The stores close every idle connection of the services, as a timeout or failover does: no request fails."""

import asyncio

import psycopg
from redis.asyncio import Redis

from tests.faults.drill import Drill
from tests.faults.finding import Finding, at_least
from tests.faults.load import Clients, Seen, load
from tests.faults.people import newcomer
from tests.faults.stage import Stage
from tests.running.stacks import Stack

#: Between two rounds, so that connections are idle again.
_PAUSE_S = 0.4
#: Connections in use belong to another row: the outcome of an interrupted write is unknown, which is a 503.
_REDIS_IDLE_S = 1
_IDLE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE usename IN ('user_svc', 'order_svc')
      AND state = 'idle' AND state_change < clock_timestamp() - interval '100 ms'"""


def run(stage: Stage) -> list[Finding]:
    return asyncio.run(_run(stage.stack(), stage.either(50, 10)))


async def _run(stack: Stack, rounds: int) -> list[Finding]:
    person, visitor = await newcomer(stack.url), await newcomer(stack.url)
    clients = (
        Clients("orders", person.get("/api/v1/orders"), count=2, pause_s=0.05),
        Clients("new orders", person.order(), pause_s=0.05),
        # Less often than Redis says in seconds how long a connection has been idle.
        Clients("logins", visitor.log_in(), pause_s=1.5 * _REDIS_IDLE_S),
    )
    ended = 0
    async with load(stack.url, *clients) as record:
        for _ in range(rounds):
            ended += await _end_idle_connections(stack)
            await asyncio.sleep(_PAUSE_S)
    failed = [seen for seen in record.seen if seen.status not in {200, 201}]
    return [
        at_least("closed connections", ended, rounds),
        at_least("requests", len(record.seen), rounds),
        Finding("requests that failed", "none", _described(failed) or "none", not failed),
    ]


def _described(failed: list[Seen]) -> str:
    """Returns which requests failed, and why."""
    reasons = (seen.answer.json()["detail"] if seen.answer is not None else seen.code for seen in failed)
    return "; ".join(f"{seen.kind}: {seen.status} {reason}" for seen, reason in zip(failed, reasons, strict=True))


async def _end_idle_connections(stack: Stack) -> int:
    """Closes the idle connections to both stores, and returns their number."""
    secrets = stack.data_dir / "secrets"
    port = stack.services["postgres"]["url"].rpartition(":")[2]
    password = (secrets / "postgres-password").read_text()
    url = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres?sslmode=disable"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as admin:
        row = await (await admin.execute(_IDLE)).fetchone()
    async with Redis.from_url((secrets / "redis-url").read_text()) as redis:
        idle = [each["id"] for each in await redis.client_list("normal") if int(each["idle"]) >= _REDIS_IDLE_S]
        killed = sum([await redis.client_kill_filter(_id=identity) for identity in idle])
    return (row[0] if row else 0) + killed


DRILL = Drill(36, "the stores close every idle connection, repeatedly, under a light load", "no request fails", run)
