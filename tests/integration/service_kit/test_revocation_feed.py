"""The feed of revocations on a real server: what reaches the denylist, whatever happens in between."""

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
from service_kit.tokens.revocation_feed import RevocationFeed
from service_kit.tokens.revocation_stream import KEY_FIELD, LIFE_FIELD, SESSION_FIELD, STREAM
from service_kit.tokens.revocation_telemetry import RevocationTelemetry

from tests.running import process_metrics
from tests.running.restartable_redis import RestartableRedis, restartable_redis
from tests.running.tcp_proxy import tcp_proxy
from tests.unit.gateway.metrics import RecordedMetrics

LAGS = "auth_revocation_lag_seconds_count"
LOSSES, CONNECTED = "auth.revocation.feed.losses", "auth.revocation.feed.connected"


async def revoke(server: RestartableRedis, session_id: str, *, entry_id: str = "*", **fields: str) -> None:
    """Write an entry for the session, or with the fields."""
    said: dict[Any, Any] = {**fields} if fields else {SESSION_FIELD: session_id, LIFE_FIELD: "60000"}
    async with Redis.from_url(server.url) as redis:
        await redis.xadd(STREAM, said, id=entry_id)


async def flush(server: RestartableRedis) -> None:
    async with Redis.from_url(server.url) as redis:
        await redis.flushall()


@dataclass
class Follower:
    """A feed that runs, and what comes of it."""

    feed: RevocationFeed
    denylist: Denylist
    metrics: RecordedMetrics = field(repr=False)
    received: process_metrics.Growth = field(default_factory=lambda: process_metrics.Growth(LAGS), repr=False)

    def count(self, instrument: str) -> float:
        return sum(value for _, value in self.metrics.points(instrument))

    def count_timed(self) -> float:
        """How many revocations have come as news."""
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
async def following(url: str) -> AsyncIterator[Follower]:
    denylist, metrics = Denylist(), RecordedMetrics()
    feed = RevocationFeed(url, denylist, RevocationTelemetry(metrics.meter, denylist))
    task = asyncio.create_task(feed.follow())
    try:
        async with asyncio.timeout(10):
            await feed.settled()
        yield Follower(feed, denylist, metrics)
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


async def test_what_was_revoked_before_is_known_once_it_has_settled(server: RestartableRedis) -> None:
    async with Redis.from_url(server.url) as redis:
        pipeline = redis.pipeline()
        for number in range(2500):
            pipeline.xadd(STREAM, {SESSION_FIELD: f"s{number}", LIFE_FIELD: "60000"})
        await pipeline.execute()
    async with following(server.url) as follower:
        assert all(follower.denylist.denies_session(f"s{number}") for number in range(2500))
        assert follower.metrics.points("auth.revocation.denied") == [({"kind": "session"}, 2500), ({"kind": "key"}, 0)]
        assert follower.count_timed() == 0  # which says nothing about the feed


async def test_new_revocations_arrive_and_are_timed(server: RestartableRedis) -> None:
    async with following(server.url) as follower:
        await revoke(server, "s1")
        await follower.denies("s1")
        await revoke(server, "", **{KEY_FIELD: "k1", LIFE_FIELD: "60000"})
        await until(lambda: follower.denylist.denies_key("k1"))
        assert not follower.denylist.denies_session("k1")
        assert follower.count_timed() == 2
        assert follower.count(LOSSES) == 0


async def test_the_lag_is_counted_from_the_time_of_the_entry(
    server: RestartableRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    lags: list[float] = []
    monkeypatch.setattr(RevocationTelemetry, "received", lambda _self, lag_s: lags.append(lag_s))
    async with following(server.url) as follower:
        began_ms = round(time.time() * 1000)
        await asyncio.sleep(0.5)  # the age of the entry
        await revoke(server, "s1", entry_id=f"{began_ms + 10}-0")
        await follower.denies("s1")
    assert len(lags) == 1
    assert 0.48 <= lags[0] < 3


async def test_a_session_is_denied_for_as_long_as_the_entry_says(server: RestartableRedis) -> None:
    async with following(server.url) as follower:
        await revoke(server, "", **{SESSION_FIELD: "s1", LIFE_FIELD: "200"})
        await follower.denies("s1")
        await until(lambda: not follower.denylist.denies_session("s1"))


async def test_without_redis_it_settles_says_so_once_and_goes_on_trying(tmp_path: Path, log_lines: list[str]) -> None:
    server = RestartableRedis(tmp_path)
    async with following(server.url) as follower:
        assert follower.count(CONNECTED) == 0
        await asyncio.sleep(0.5)  # some more attempts
        assert follower.count(LOSSES) == 1
        server.start()
        try:
            await revoke(server, "s1")
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
        await revoke(server, "before")
        await follower.denies("before")
        server.kill()
        await until(lambda: follower.count(CONNECTED) == 0)
        assert follower.denylist.denies_session("before")
        server.start()
        await revoke(server, "after")
        await follower.denies("after", within_s=5)
        assert follower.denylist.denies_session("before")
        assert follower.count_timed() == 2  # an outage is in the lag, and nothing counts twice


@pytest.mark.parametrize("clock", ["goes on", "goes back"])
async def test_a_restart_with_its_data_lost_makes_it_start_over(server: RestartableRedis, clock: str) -> None:
    async with following(server.url) as follower:
        await revoke(server, "before")
        await follower.denies("before")
        server.kill()
        server.lose_data()
        server.start()
        await revoke(server, "after", entry_id="*" if clock == "goes on" else "5-1")
        await follower.denies("after")
        assert follower.denylist.denies_session("before")


@pytest.mark.parametrize("clock", ["goes on", "goes back"])
async def test_a_flushed_store_makes_it_start_over(server: RestartableRedis, clock: str) -> None:
    async with following(server.url) as follower:
        await revoke(server, "before")
        await follower.denies("before")
        await flush(server)
        await revoke(server, "after", entry_id="*" if clock == "goes on" else "5-1")
        await follower.denies("after")
        if clock == "goes back":
            await revoke(server, "later", entry_id="5-2")
            await follower.denies("later")
        assert follower.count(LOSSES) == 0


async def test_an_entry_before_the_last_one_is_found_even_if_a_newer_one_came_first(server: RestartableRedis) -> None:
    """Between two looks the data was lost, the clock was set back, and set right again."""
    async with following(server.url) as follower:
        await revoke(server, "before")
        await follower.denies("before")
        async with Redis.from_url(server.url) as redis:
            pipeline = redis.pipeline(transaction=True)
            pipeline.delete(STREAM)
            pipeline.xadd(STREAM, {SESSION_FIELD: "hidden", LIFE_FIELD: "60000"}, id="5-1")
            pipeline.xadd(STREAM, {SESSION_FIELD: "plain", LIFE_FIELD: "60000"})
            await pipeline.execute()
        await follower.denies("plain")
        await follower.denies("hidden")


async def test_a_connection_that_hangs_is_replaced(server: RestartableRedis) -> None:
    async with tcp_proxy(server.port) as proxy:
        url = server.url.replace(f":{server.port}", f":{proxy.port}")
        async with following(url) as follower:
            await follower.connected()
            proxy.hang()
            await revoke(server, "s1")
            await follower.denies("s1", within_s=5)
            assert follower.count(LOSSES) == 1


async def test_a_server_that_only_accepts_is_away(server: RestartableRedis) -> None:
    async with tcp_proxy(server.port) as proxy:
        proxy.forwards_new = False
        url = server.url.replace(f":{server.port}", f":{proxy.port}")
        async with following(url) as follower:
            assert (follower.count(CONNECTED), follower.count(LOSSES)) == (0, 1)
            proxy.forwards_new = True
            await follower.connected()


async def test_an_entry_that_it_does_not_understand_stops_nothing(
    server: RestartableRedis, log_lines: list[str]
) -> None:
    async with following(server.url) as follower:
        await revoke(server, "", colour="red")
        await revoke(server, "", **{SESSION_FIELD: "s0", LIFE_FIELD: "long"})
        await revoke(server, "s1")
        await follower.denies("s1")
        assert follower.denylist.count_sessions() == 1
    assert [line for line in log_lines if "cannot be understood" in line and "'colour'" in line]
