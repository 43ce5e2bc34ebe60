"""A Redis that answers and refuses: services treat it as unavailable, and readiness says why."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimiterUnavailable
from gateway.limits.redis_limiter import RedisLimiter, limiter_client
from order_svc.inbox.background import BackgroundInbox
from order_svc.inbox.inbox import Inbox
from order_svc.inbox.telemetry import InboxTelemetry
from redis.asyncio import Redis
from redis.exceptions import RedisError
from service_kit.lifecycle.backoff import Backoff
from user_svc.adapters import redis_client
from user_svc.adapters.ids import new_id
from user_svc.adapters.login_throttle import RedisLoginThrottle
from user_svc.adapters.redis_client import open_client
from user_svc.adapters.sessions import RedisSessions
from user_svc.domain.errors import DependencyUnavailableError
from user_svc.domain.login_attempt import LoginAttempt, LoginThrottlePolicy
from user_svc.domain.session import SessionPolicy

from tests.examples.users import a_session
from tests.fakes.sessions import InMemoryEndedSessions
from tests.running.polling import in_time
from tests.running.restartable_redis import restartable_redis

TERMS = SessionPolicy(idle_ttl_s=60, absolute_ttl_s=60, grace_s=10)
STREAM = "{events:test}"

Provoke = Callable[[Redis, Path], Awaitable[object]]


async def out_of_memory(admin: Redis, home: Path) -> object:
    return await admin.config_set("maxmemory", "1mb")


async def no_snapshot(admin: Redis, home: Path) -> object:
    """Makes the server refuse as with a full disk: a snapshot could not be written."""
    (home / "dump.rdb").mkdir()
    await admin.config_set("save", "1 1")
    await admin.set("some", "change")

    async def failed() -> bool | None:
        return (await admin.info("persistence"))["rdb_last_bgsave_status"] == "err" or None

    return await in_time(failed, within_s=20)


async def no_replicas(admin: Redis, home: Path) -> object:
    return await admin.config_set("min-replicas-to-write", "1")


async def read_only(admin: Redis, home: Path) -> object:
    return await admin.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]


async def without_primary(admin: Redis, home: Path) -> object:
    await admin.config_set("replica-serve-stale-data", "no")
    return await admin.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]


async def no_right(admin: Redis, home: Path) -> object:
    return await admin.execute_command("ACL", "SETUSER", "service", "-@all", "+ping", "+hello")  # type: ignore[no-untyped-call]


async def no_login(admin: Redis, home: Path) -> object:
    await admin.execute_command("ACL", "SETUSER", "service", "resetpass", ">another")  # type: ignore[no-untyped-call]
    return await admin.client_kill_filter(skipme=True)


async def busy(admin: Redis, home: Path) -> object:
    await admin.config_set("busy-reply-threshold", "1")
    endless = asyncio.create_task(_run_for_long(admin))
    await asyncio.sleep(0.3)
    return endless


async def _run_for_long(admin: Redis) -> None:
    with suppress(RedisError):
        await admin.eval("while true do end", 0)


async def too_many_clients(admin: Redis, home: Path) -> object:
    await admin.config_set("maxclients", "1")
    return await admin.client_kill_filter(skipme=True)


PROVOCATIONS: dict[str, Provoke] = {
    "OOM": out_of_memory,
    "MISCONF": no_snapshot,
    "NOREPLICAS": no_replicas,
    "READONLY": read_only,
    "MASTERDOWN|READONLY": without_primary,
    "NOPERM": no_right,
    "WRONGPASS": no_login,
    "BUSY": busy,
    "max number of clients": too_many_clients,
}


@asynccontextmanager
async def refusing(home: Path, code: str) -> AsyncIterator[tuple[str, Callable[[], Awaitable[None]]]]:
    """The URL of a service's user, and what makes the server refuse."""
    home.mkdir()  # noqa: ASYNC240 - a moment, and nothing else runs
    with restartable_redis(home) as server:
        async with Redis.from_url(server.url) as admin:
            await admin.execute_command("ACL", "SETUSER", "service", "on", ">secret", "~*", "+@all")  # type: ignore[no-untyped-call]
            url = f"redis://service:secret@127.0.0.1:{server.port}/0"

            async def provoke() -> None:
                await PROVOCATIONS[code](admin, home)

            yield url, provoke


@pytest.mark.parametrize("code", list(PROVOCATIONS))
async def test_user_svc_treats_a_refusal_as_an_outage(tmp_path: Path, code: str) -> None:
    async with refusing(tmp_path / "redis", code) as (url, provoke), open_client(url) as client:
        sessions = RedisSessions(client, InMemoryEndedSessions(), TERMS, tokens_live_s=60)
        throttle = RedisLoginThrottle(client, LoginThrottlePolicy(5, 50, 60))
        await sessions.open(a_session(new_id()))
        await redis_client.check(client)
        await provoke()

        with pytest.raises(DependencyUnavailableError) as refused:
            await sessions.open(a_session(new_id()))
        assert refused.value.retry_after_s == 1
        if code != "OOM":  # a script that has begun to write, by removing what is outdated, may end
            with pytest.raises(DependencyUnavailableError):
                await throttle.begin(LoginAttempt(new_id(), "account", "network"))
        with pytest.raises(ConnectionError, match=code):
            await redis_client.check(client)


@pytest.mark.parametrize("code", list(PROVOCATIONS))
async def test_the_limiter_treats_a_refusal_as_an_outage(tmp_path: Path, code: str) -> None:
    async with refusing(tmp_path / "redis", code) as (url, provoke):
        client = limiter_client(url)
        limiter = RedisLimiter(client, decision_s=5)
        await limiter.check_ready()
        await provoke()

        with pytest.raises(RateLimiterUnavailable):
            await limiter.admit("rl:refused", Quota(10, 60))
        with pytest.raises(RateLimiterUnavailable, match=code):  # so it is not taken to be back while it refuses
            await limiter.check()
        await client.aclose()


@pytest.mark.parametrize("code", [code for code in PROVOCATIONS if code != "OOM"])
async def test_inbox_logs_why_it_receives_nothing(tmp_path: Path, code: str) -> None:
    async with refusing(tmp_path / "redis", code) as (url, provoke):
        telemetry = InboxTelemetry()
        inbox = Inbox({}, None, None, telemetry, max_deliveries=1, backoff=Backoff(0.01, 0.1))  # type: ignore[arg-type]
        background = BackgroundInbox(url, STREAM, inbox, telemetry, 10)
        running = asyncio.create_task(background.run())

        async def connected() -> bool | None:
            return telemetry.is_connected or None

        async def reports_refusal() -> bool | None:
            try:
                await background.check()
            except ConnectionError as exc:
                return re.search(code, str(exc)) is not None or None
            return None

        await in_time(connected, within_s=10)
        await provoke()
        await in_time(reports_refusal, within_s=20)
        running.cancel()
        await asyncio.wait([running])
