"""The revocation feed on a real server: revocations reach the denylist through outages and restarts."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from redis.asyncio import Redis
from service_kit.tokens.denylist import Denylist
from service_kit.tokens.revocation_feed import RevocationFeed, RevocationPage, Revoked
from service_kit.tokens.revocation_stream import KEY_FIELD, SESSION_FIELD, STREAM
from service_kit.tokens.revocation_telemetry import RevocationTelemetry

from tests.running import process_metrics
from tests.running.restartable_redis import RestartableRedis, restartable_redis
from tests.running.tcp_proxy import tcp_proxy
from tests.unit.gateway.metrics import RecordedMetrics

LAGS = "auth_revocation_lag_seconds_count"
LOSSES, CONNECTED = "auth.revocation.feed.losses", "auth.revocation.feed.connected"


PAGE = 1000


class Authority:
    """The issuer that the feed asks. ended: sessions, with the time of their end. asked: how often. away: no answer."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, float]] = []
        self.asked = 0
        self.away = False
        self.for_s = 60.0

    def end(self, session_id: str, age_s: float = 0) -> None:
        self.ended.append((session_id, time.monotonic() - age_s))

    async def ask(self, since: Any | None) -> RevocationPage:
        self.asked += 1
        if self.away:
            raise ConnectionError("the authority is away")
        begin = since or 0
        page = self.ended[begin : begin + PAGE]
        now = time.monotonic()
        revoked = [Revoked(session_id, now - ended_s, self.for_s) for session_id, ended_s in page]
        return RevocationPage(revoked, begin + len(page), more=begin + len(page) < len(self.ended))


async def announce(server: RestartableRedis, session_id: str = "s", *, entry_id: str = "*", **fields: str) -> None:
    """Writes an entry for the session, or with the given fields."""
    said: dict[Any, Any] = {**fields} if fields else {SESSION_FIELD: session_id}
    async with Redis.from_url(server.url) as redis:
        await redis.xadd(STREAM, said, id=entry_id)


async def revoke(server: RestartableRedis, follower: "Follower", session_id: str, *, entry_id: str = "*") -> None:
    """Records the end of a session and announces it, as the issuer does."""
    follower.authority.end(session_id)
    await announce(server, session_id, entry_id=entry_id)


async def flush(server: RestartableRedis) -> None:
    async with Redis.from_url(server.url) as redis:
        await redis.flushall()


@dataclass
class Follower:
    """A running feed, with its denylist and metrics."""

    feed: RevocationFeed
    denylist: Denylist
    authority: Authority
    metrics: RecordedMetrics = field(repr=False)
    received: process_metrics.Growth = field(default_factory=lambda: process_metrics.Growth(LAGS), repr=False)

    def count(self, instrument: str) -> float:
        return sum(value for _, value in self.metrics.points(instrument))

    def count_timed(self) -> float:
        """Returns how many new revocations were received."""
        return sum(value for _, value in self.received.so_far())

    async def denies(self, session_id: str, within_s: float = 15) -> None:
        await until(lambda: self.denylist.denies_session(session_id), within_s)

    async def connected(self) -> None:
        await until(lambda: self.count(CONNECTED) == 1)


async def until(condition: Callable[[], bool], within_s: float = 15) -> None:
    deadline = time.monotonic() + within_s
    for _ in iter(condition, True):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def following(
    url: str, authority: Authority | None = None, on_key: Callable[[], None] | None = None
) -> AsyncIterator[Follower]:
    denylist, metrics, authority = Denylist(), RecordedMetrics(), authority or Authority()
    feed = RevocationFeed(url, denylist, RevocationTelemetry(metrics.meter, denylist), authority.ask, on_key)
    task = asyncio.create_task(feed.follow())
    try:
        async with asyncio.timeout(10):
            await feed.settled()
        yield Follower(feed, denylist, authority, metrics)
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        assert task.cancelled(), "it does not stop"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RestartableRedis]:
    with restartable_redis(tmp_path) as running:
        yield running


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="INFO", format="{message}")
    yield lines
    logger.remove(sink)


async def test_earlier_revocations_are_known_once_the_feed_has_settled(server: RestartableRedis) -> None:
    """Although Redis has no entry of it (any more)."""
    authority = Authority()
    for number in range(2500):
        authority.end(f"s{number}", age_s=60)
    async with following(server.url, authority) as follower:
        assert all(follower.denylist.denies_session(f"s{number}") for number in range(2500))
        assert follower.metrics.points("auth.revocation.denied") == [({"kind": "session"}, 2500)]
        assert follower.count_timed() == 0  # which says nothing about the feed


async def test_new_revocations_arrive_and_are_timed(server: RestartableRedis) -> None:
    async with following(server.url) as follower:
        await revoke(server, follower, "s1")
        await follower.denies("s1", within_s=5)
        assert follower.count_timed() == 1
        assert follower.count(LOSSES) == 0


async def test_forged_entry_denies_nothing(server: RestartableRedis) -> None:
    """Any client with write access to Redis can write one."""
    async with following(server.url) as follower:
        await announce(server, "victim")
        await announce(server, KEY_FIELD, **{KEY_FIELD: "the key that signs"})
        await revoke(server, follower, "s1")
        await follower.denies("s1")
        assert not follower.denylist.denies_session("victim")
        assert follower.denylist.count_sessions() == 1


async def test_many_forged_entries_cause_few_questions(server: RestartableRedis) -> None:
    async with following(server.url) as follower:
        await follower.connected()
        asked, began = follower.authority.asked, time.monotonic()
        for _ in range(300):
            await announce(server, "victim")
        await revoke(server, follower, "s1")
        await follower.denies("s1")
        assert follower.authority.asked - asked <= (time.monotonic() - began) / 0.05 + 2


async def test_announced_key_change_calls_on_key(server: RestartableRedis) -> None:
    changes: list[None] = []
    async with following(server.url, on_key=lambda: changes.append(None)) as follower:
        await announce(server)
        await announce(server, **{KEY_FIELD: "k1"})
        await until(lambda: len(changes) == 1)
        assert follower.denylist.count_sessions() == 0


async def test_session_is_denied_for_the_time_that_the_issuer_says(server: RestartableRedis) -> None:
    async with following(server.url) as follower:
        follower.authority.for_s = 0.3
        await revoke(server, follower, "s1")
        await follower.denies("s1")
        await until(lambda: not follower.denylist.denies_session("s1"))


async def test_feed_settles_and_keeps_asking_without_the_issuer(server: RestartableRedis, log_lines: list[str]) -> None:
    authority = Authority()
    authority.away = True
    authority.end("before", age_s=1)
    async with following(server.url, authority) as follower:
        assert (follower.count(CONNECTED), follower.count(LOSSES)) == (0, 1)
        authority.away = False
        await follower.denies("before", within_s=5)
        await follower.connected()
    assert not any(server.url in line for line in log_lines)


async def test_announcements_during_an_outage_of_the_issuer_are_asked_for(server: RestartableRedis) -> None:
    async with following(server.url) as follower:
        await follower.connected()
        follower.authority.away = True
        await revoke(server, follower, "s1")
        await until(lambda: follower.count(CONNECTED) == 0)
        follower.authority.away = False
        await follower.denies("s1", within_s=5)


async def test_feed_settles_and_logs_once_and_retries_without_redis(tmp_path: Path, log_lines: list[str]) -> None:
    server = RestartableRedis(tmp_path)
    async with following(server.url) as follower:
        assert follower.count(CONNECTED) == 0
        await asyncio.sleep(0.5)  # some more attempts
        assert follower.count(LOSSES) == 1
        server.start()
        try:
            await revoke(server, follower, "s1")
            await follower.denies("s1")
            await follower.connected()
        finally:
            server.kill()
        await until(lambda: follower.count(LOSSES) == 2)
    said = [line for line in log_lines if "revocations" in line]
    assert [line.split(":")[0].strip() for line in said] == [
        "no revocations are received",
        "revocations are received again",
        "no revocations are received",
    ]
    assert not any(server.url in line for line in log_lines)


async def test_a_restart_of_redis_loses_nothing(server: RestartableRedis) -> None:
    async with following(server.url) as follower:
        await revoke(server, follower, "before")
        await follower.denies("before")
        server.kill()
        await until(lambda: follower.count(CONNECTED) == 0)
        assert follower.denylist.denies_session("before")
        server.start()
        await revoke(server, follower, "after")
        await follower.denies("after", within_s=5)
        assert follower.denylist.denies_session("before")
        assert follower.count_timed() == 2  # an outage is in the lag, and nothing counts twice


@pytest.mark.parametrize("clock", ["forward", "back"])
async def test_restart_of_redis_with_data_loss_makes_the_feed_start_over(server: RestartableRedis, clock: str) -> None:
    async with following(server.url) as follower:
        await revoke(server, follower, "before")
        await follower.denies("before")
        server.kill()
        server.lose_data()
        server.start()
        await revoke(server, follower, "after", entry_id="*" if clock == "forward" else "5-1")
        await follower.denies("after")
        assert follower.denylist.denies_session("before")


@pytest.mark.parametrize("clock", ["forward", "back"])
async def test_flushed_redis_makes_the_feed_start_over(server: RestartableRedis, clock: str) -> None:
    async with following(server.url) as follower:
        await revoke(server, follower, "before")
        await follower.denies("before")
        await flush(server)
        await revoke(server, follower, "after", entry_id="*" if clock == "forward" else "5-1")
        await follower.denies("after")
        if clock == "back":
            await revoke(server, follower, "later", entry_id="5-2")
            await follower.denies("later")
        assert follower.count(LOSSES) == 0


async def test_entry_before_the_last_one_is_noticed_after_data_loss(server: RestartableRedis) -> None:
    """Between two reads the data was lost, and the clock was set back."""
    async with following(server.url) as follower:
        await revoke(server, follower, "before")
        await follower.denies("before")
        follower.authority.end("hidden")
        async with Redis.from_url(server.url) as redis:
            pipeline = redis.pipeline(transaction=True)
            pipeline.delete(STREAM)
            pipeline.xadd(STREAM, {SESSION_FIELD: "hidden"}, id="5-1")
            await pipeline.execute()
        await follower.denies("hidden", within_s=5)


async def test_hanging_connection_is_replaced(server: RestartableRedis) -> None:
    async with tcp_proxy(server.port) as proxy:
        url = server.url.replace(f":{server.port}", f":{proxy.port}")
        async with following(url) as follower:
            await follower.connected()
            proxy.hang()
            await revoke(server, follower, "s1")
            await follower.denies("s1", within_s=5)
            assert follower.count(LOSSES) == 1


async def test_server_that_only_accepts_connections_counts_as_unreachable(server: RestartableRedis) -> None:
    async with tcp_proxy(server.port) as proxy:
        proxy.forwards_new = False
        url = server.url.replace(f":{server.port}", f":{proxy.port}")
        async with following(url) as follower:
            assert (follower.count(CONNECTED), follower.count(LOSSES)) == (0, 1)
            proxy.forwards_new = True
            await follower.connected()


async def test_unknown_entry_does_not_stop_the_feed(server: RestartableRedis) -> None:
    async with following(server.url) as follower:
        await announce(server, colour="red")
        await revoke(server, follower, "s1")
        await follower.denies("s1")
        assert follower.denylist.count_sessions() == 1
