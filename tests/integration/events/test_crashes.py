"""Either service is killed at each point where it writes: no event is lost, and none is processed twice."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from grpclib.client import Channel
from order_svc.inbox.background import GROUP
from order_svc.inbox.user_events import STREAM
from service_kit.postgres import PostgresPool
from shared_contracts.user.v1 import DeleteUserRequest, UserServiceStub

from tests.integration.events.platform import Customer, Platform
from tests.integration.order_svc.running_service import RunningService, running_service
from tests.integration.user_svc.calls import bearer, registered
from tests.integration.user_svc.command import UserSvc, installation
from tests.integration.user_svc.conftest import ready
from tests.running.polling import eventually, in_time
from tests.running.restartable_redis import RestartableRedis
from tests.running.servers import RunningPostgres, RunningRedis, stop

#: Stands in the way of the relay where it gives events their places.
_BEFORE_PLACES = "SELECT pg_advisory_lock(hashtext('outbox'))"


@pytest.fixture
def user_svc(
    postgres_server: RunningPostgres, database_urls: tuple[str, str], own_redis: RestartableRedis, tmp_path: Path
) -> UserSvc:
    """The service on the platform's own stores, not started yet."""
    installed = installation(postgres_server, RunningRedis(own_redis.url, own_redis.port), tmp_path)
    user_svc = UserSvc({**installed.environ, "USER_SVC_DATABASE_URL": database_urls[0]})
    assert user_svc.run("keys", "create").returncode == 0
    return user_svc


async def start(user_svc: UserSvc, log: Path) -> "subprocess.Popen[bytes]":
    """Returns its process, once it is ready."""
    process = user_svc.start(log)
    await asyncio.to_thread(eventually, partial(ready, user_svc), within_s=60)
    return process


async def deleted_over_grpc(user_svc: UserSvc, platform: Platform) -> Customer:
    """Deletes a new customer's account in a running user-svc, and returns the customer."""
    channel = Channel("127.0.0.1", user_svc.port)
    try:
        users = UserServiceStub(channel, timeout=10)
        answer = await registered(users)
        assert answer.user is not None
        customer = await platform.customer(user_id=answer.user.user_id)
        await users.delete_user(DeleteUserRequest(), metadata=bearer(answer.access_token))
        return customer
    finally:
        channel.close()


@asynccontextmanager
async def holding_locks(pool: PostgresPool, statement: str, *arguments: str) -> AsyncIterator[None]:
    """Holds the locks of the statement for as long as the context lasts."""
    async with await psycopg.AsyncConnection.connect(str(pool.conninfo)) as connection:
        await connection.execute(statement.encode(), arguments)
        yield


async def statement_waits(pool: PostgresPool) -> None:
    """Returns once a statement waits for the lock of another one."""
    query = "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async def waits() -> bool | None:
        async with pool.connection() as connection:
            return await (await connection.execute(query)).fetchone() is not None or None

    await in_time(waits, within_s=10)


async def test_event_is_relayed_after_user_svc_dies_between_commit_and_stream(
    platform: Platform, user_svc: UserSvc, tmp_path: Path
) -> None:
    first = await start(user_svc, tmp_path / "first.log")
    async with holding_locks(platform.users_pool, _BEFORE_PLACES):
        customer = await deleted_over_grpc(user_svc, platform)
        await statement_waits(platform.users_pool)
        stop(first, signal.SIGKILL)
    await platform.in_stream(0)
    second = user_svc.start(tmp_path / "second.log")
    try:
        async with platform.receiving():
            await platform.forgotten(customer)
        await platform.in_stream(1)
    finally:
        stop(second, signal.SIGTERM)


async def test_event_is_appended_once_when_user_svc_dies_before_the_stream_confirms_it(
    platform: Platform, user_svc: UserSvc, own_redis: RestartableRedis, tmp_path: Path
) -> None:
    first = await start(user_svc, tmp_path / "first.log")
    async with holding_locks(platform.users_pool, _BEFORE_PLACES):
        customer = await deleted_over_grpc(user_svc, platform)
        await statement_waits(platform.users_pool)
        own_redis.pause()
    # The place is given now, and the event is sent to a Redis that does nothing for the moment.
    await in_time(partial(placed, platform), within_s=10)
    stop(first, signal.SIGKILL)
    own_redis.resume()
    second = user_svc.start(tmp_path / "second.log")
    try:
        async with platform.receiving():
            await platform.forgotten(customer)
        await platform.in_stream(1)
    finally:
        stop(second, signal.SIGTERM)


async def placed(platform: Platform) -> bool | None:
    async with platform.users_pool.connection() as connection:
        query = "SELECT true FROM outbox WHERE position IS NOT NULL"
        return await (await connection.execute(query)).fetchone() is not None or None


@asynccontextmanager
async def order_svc(platform: Platform, database_url: str, folder: Path) -> AsyncIterator[RunningService]:
    await asyncio.to_thread(folder.mkdir)
    async with (
        platform.issuing() as issuer,
        running_service(database_url, folder, platform.redis_url, issuer, EVENT_CLAIM_IDLE_S="0.5") as service,
    ):
        yield service


async def group_is_settled(platform: Platform) -> bool | None:
    """Returns whether the group has read and acknowledged every entry."""
    async with platform.redis() as redis:
        (group,) = await redis.xinfo_groups(STREAM)
        assert group["name"] == GROUP.encode()
        return (group["lag"], group["pending"]) == (0, 0) or None


async def test_event_is_processed_by_another_process_when_order_svc_dies_after_reading_it(
    platform: Platform, database_urls: tuple[str, str], tmp_path: Path
) -> None:
    async with platform.relaying() as relay:
        customer = await platform.customer()
        locked = customer.processing[0].order_id
        async with order_svc(platform, database_urls[1], tmp_path / "first") as first:
            lock = "SELECT FROM orders WHERE order_id = %s FOR UPDATE"
            async with holding_locks(platform.orders_pool, lock, locked):
                await platform.delete(customer, relay)
                await statement_waits(platform.orders_pool)
                first.process.kill()
                await first.process.wait()
        async with order_svc(platform, database_urls[1], tmp_path / "second"):
            await platform.forgotten(customer)
            await in_time(partial(group_is_settled, platform), within_s=10)


async def test_event_is_processed_once_when_order_svc_dies_before_acknowledging_it(
    platform: Platform, database_urls: tuple[str, str], own_redis: RestartableRedis, tmp_path: Path
) -> None:
    async with platform.relaying() as relay:
        customer = await platform.customer()
        async with order_svc(platform, database_urls[1], tmp_path / "first") as first:
            async with holding_locks(platform.orders_pool, "LOCK TABLE processed_events IN SHARE MODE"):
                await platform.delete(customer, relay)
                await statement_waits(platform.orders_pool)
                own_redis.kill()
            await in_time(partial(processed, platform, customer), within_s=10)
            first.process.kill()
            await first.process.wait()
        own_redis.start()
        async with order_svc(platform, database_urls[1], tmp_path / "second"):
            await in_time(partial(group_is_settled, platform), within_s=20)
            await platform.forgotten(customer)


async def processed(platform: Platform, customer: Customer) -> bool | None:
    async with platform.users_pool.connection() as connection:
        query = "SELECT event_id FROM outbox WHERE strpos(encode(payload, 'escape'), %s) > 0"
        row = await (await connection.execute(query, (customer.user.user_id,))).fetchone()
    assert row is not None
    async with platform.orders_pool.connection() as connection:
        query = "SELECT true FROM processed_events WHERE event_id = %s"
        return await (await connection.execute(query, row)).fetchone() is not None or None


async def test_order_svc_is_ready_without_redis_and_events_wait(
    platform: Platform, database_urls: tuple[str, str], own_redis: RestartableRedis, tmp_path: Path
) -> None:
    own_redis.kill()
    async with platform.relaying() as relay, order_svc(platform, database_urls[1], tmp_path / "only") as service:
        status, report = await service.probe("/readyz")
        assert (status, report["checks"]["redis"]["ok"], report["checks"]["redis"]["required"]) == (200, False, False)
        customer = await platform.customer()
        await platform.delete(customer, relay)
        own_redis.start()
        await platform.forgotten(customer)
        status, report = await service.probe("/readyz")
        assert (status, report["checks"]["redis"]["ok"]) == (200, True)
    log = (tmp_path / "only" / "order-svc.log").read_text()
    assert (log.count("events not received"), log.count("events received again")) == (1, 1)
