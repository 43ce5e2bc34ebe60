import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from gateway.limits.degrading_limiter import AppliedDecision, DegradingLimiter
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimitDecision, RateLimiterUnavailable
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger
from service_kit.contract.policy import Degraded

from tests.hypothesis_profiles import examples
from tests.unit.gateway.limits.virtual_time import run
from tests.unit.gateway.metrics import RecordedMetrics

QUOTA = Quota(100, 60)


def now_us() -> int:
    return round(asyncio.get_running_loop().time() * 1e6)


class SharedStore:
    """A shared limiter that can be away, and whose answers take their time."""

    def __init__(self) -> None:
        self.away = False
        self.asked = self.checked = 0
        self.takes_s = 0.001
        self._counts = LocalLimiter(now_us=now_us)

    async def admit(self, key: str, quota: Quota) -> RateLimitDecision:
        self.asked += 1
        await self._answer()
        return await self._counts.admit(key, quota)

    async def charge(self, key: str, quota: Quota, units: int) -> RateLimitDecision:
        self.asked += 1
        await self._answer()
        return await self._counts.charge(key, quota, units)

    async def check(self) -> None:
        self.checked += 1
        await self._answer()

    async def _answer(self) -> None:
        await asyncio.sleep(0.08 if self.away else self.takes_s)
        if self.away:
            raise RateLimiterUnavailable("TimeoutError")


class Setting:
    def __init__(self, share: float = 0.5) -> None:
        self.store = SharedStore()
        self.recorded = RecordedMetrics()
        self.limiter = DegradingLimiter(
            self.store, LocalLimiter(now_us=now_us), self.recorded.meter, share=share, retry_s=0.25
        )

    async def ask(self, degraded: Degraded = Degraded.LOCAL_SHARE) -> AppliedDecision:
        return await self.limiter.admit("k", QUOTA, degraded)

    def play(self, scenario: Coroutine[Any, Any, None]) -> None:
        """Run the scenario in virtual time, and what the process does in the background beside it."""

        async def playing() -> None:
            trying = asyncio.create_task(self.limiter.keep_trying(self.store.check))
            await scenario
            trying.cancel()

        run(playing())


def test_shared_store_decides_while_it_answers() -> None:
    setting = Setting()

    async def scenario() -> None:
        for degraded, remaining in ((Degraded.LOCAL_SHARE, 99), (Degraded.REFUSE, 98)):
            applied = await setting.ask(degraded)
            assert (applied.quota, applied.is_local, applied.decision.remaining) == (QUOTA, False, remaining)

    setting.play(scenario())


def test_local_share_is_admitted_without_the_shared_store() -> None:
    setting = Setting(share=0.5)
    setting.store.away = True

    async def scenario() -> None:
        decisions = [await setting.ask() for _ in range(60)]
        assert [applied.decision.allowed for applied in decisions] == [True] * 50 + [False] * 10
        assert all(applied.is_local and applied.quota == Quota(50, 60) for applied in decisions)

    setting.play(scenario())


def test_request_is_refused_without_the_shared_store_if_its_policy_says_so() -> None:
    setting = Setting()
    setting.store.away = True

    async def scenario() -> None:
        for _ in range(10):
            with pytest.raises(RateLimiterUnavailable):
                await setting.ask(Degraded.REFUSE)

    setting.play(scenario())


def test_only_requests_at_the_start_of_an_outage_wait() -> None:
    setting = Setting()
    setting.store.away = True

    async def scenario() -> None:
        began = now_us()
        await asyncio.gather(*(setting.ask() for _ in range(20)))
        assert now_us() - began == pytest.approx(80_000, abs=10)
        for _ in range(100):
            before = now_us()
            await setting.ask()
            assert now_us() == before
            await asyncio.sleep(0.05)
        assert setting.store.asked == 20

    setting.play(scenario())


def test_shared_store_is_used_again_when_it_answers() -> None:
    setting = Setting()
    setting.store.away = True

    async def scenario() -> None:
        await setting.ask()
        await asyncio.sleep(60)
        assert setting.limiter.degraded
        setting.store.away = False
        await asyncio.sleep(0.4)
        assert not setting.limiter.degraded
        assert not (await setting.ask()).is_local

    setting.play(scenario())


def test_shared_store_is_used_again_at_once_after_one_lost_answer() -> None:
    setting = Setting()
    setting.store.away = True

    async def scenario() -> None:
        assert (await setting.ask()).is_local
        setting.store.away = False
        await asyncio.sleep(0.1)
        assert setting.store.checked == 1
        assert not (await setting.ask()).is_local

    setting.play(scenario())


@settings(deadline=None, max_examples=examples(30))
@given(outages_s=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=12))
def test_repeated_outages_admit_at_most_one_more_share(outages_s: list[tuple[int, int]]) -> None:
    """A client that always asks, over a time that is one window of the quota and what these outages take."""
    setting = Setting(share=0.5)
    admitted = 0

    async def ask_for(seconds: float) -> None:
        nonlocal admitted
        until = now_us() + seconds * 1e6
        while now_us() < until:
            applied = await setting.ask()
            admitted += applied.decision.allowed
            await asyncio.sleep(0.1)

    async def scenario() -> None:
        began = now_us()
        for away_s, there_s in outages_s:
            setting.store.away = True
            await ask_for(away_s)
            setting.store.away = False
            await ask_for(there_s)
        elapsed_s = (now_us() - began) / 1e6
        # Both buckets once, and what flows back into each.
        assert admitted <= (100 + 50) * (1 + elapsed_s / 60) + 1

    setting.play(scenario())


def test_each_change_is_logged_once_and_every_fallback_counted() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    setting = Setting()
    setting.store.away = True

    async def scenario() -> None:
        for _ in range(5):
            await setting.ask()
        assert setting.recorded.points("headrace.gateway.rate_limit.degraded") == [({}, 1)]
        setting.store.away = False
        await asyncio.sleep(0.4)
        await setting.ask()

    setting.play(scenario())
    logger.remove(sink)
    assert [line.split()[0] for line in lines] == ["WARNING", "INFO"]
    assert setting.recorded.points("headrace.gateway.rate_limit.fallbacks") == [
        ({"mode": "local_share"}, 5),
        ({"mode": "refuse"}, 0),
    ]
    assert setting.recorded.points("headrace.gateway.rate_limit.degraded") == [({}, 0)]


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_invalid_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        Setting(share)


def test_charge_is_taken_from_the_local_share_while_the_store_is_unavailable() -> None:
    setting = Setting()

    async def scenario() -> None:
        assert (await setting.limiter.charge("k", QUOTA, 3)).decision.remaining == 97
        setting.store.away = True
        charged = await setting.limiter.charge("k", QUOTA, 3)
        assert (charged.is_local, charged.quota, charged.decision.remaining) == (True, Quota(50, 60), 47)
        asked = setting.store.asked
        await setting.limiter.charge("k", QUOTA, 3)
        assert setting.store.asked == asked

    setting.play(scenario())
