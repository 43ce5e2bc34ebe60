import pytest
from gateway.limits.degrading_limiter import DegradingLimiter
from gateway.limits.limiter import Admission, LimiterUnavailable
from gateway.limits.local_limiter import LocalLimiter
from gateway.limits.quota import Quota
from loguru import logger
from service_kit.contract.policy import Degraded

from tests.unit.gateway.metrics import RecordedMetrics

QUOTA = Quota(100, 60)
ADMITTED = Admission(True, 41, 0.0, 1.0)


class SharedStore:
    """A shared limiter that can be switched off."""

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def admit(self, _key: str, _quota: Quota) -> Admission:
        self.asked += 1
        if self.away:
            raise LimiterUnavailable("TimeoutError")
        return ADMITTED


class Setting:
    def __init__(self, share: float = 0.5) -> None:
        self.now = 0.0
        self.store = SharedStore()
        self.recorded = RecordedMetrics()
        self.limiter = DegradingLimiter(
            self.store, LocalLimiter(), self.recorded.meter, share=share, bypass_s=0.5, now=lambda: self.now
        )

    async def ask(self, degraded: Degraded = Degraded.LOCAL_SHARE) -> Admission:
        return await self.limiter.admit("k", QUOTA, degraded)

    async def lose_the_store(self) -> None:
        self.store.away = True
        for _ in range(3):
            await self.ask()


async def test_the_shared_store_decides_while_it_answers() -> None:
    setting = Setting()
    assert await setting.ask() == ADMITTED
    assert await setting.ask(Degraded.REFUSE) == ADMITTED
    assert not setting.limiter.degraded


async def test_without_it_the_share_is_admitted() -> None:
    setting = Setting(share=0.5)
    setting.store.away = True
    admitted = [(await setting.ask()).allowed for _ in range(60)]
    assert admitted.count(True) == 50


async def test_or_nobody_is() -> None:
    setting = Setting()
    setting.store.away = True
    for _ in range(10):
        with pytest.raises(LimiterUnavailable):
            await setting.ask(Degraded.REFUSE)


async def test_one_lost_answer_is_no_outage() -> None:
    setting = Setting()
    setting.store.away = True
    await setting.ask()
    setting.store.away = False
    assert await setting.ask() == ADMITTED
    assert not setting.limiter.degraded


async def test_an_outage_is_not_waited_for_on_every_request() -> None:
    setting = Setting()
    await setting.lose_the_store()
    asked = setting.store.asked
    for _ in range(20):
        await setting.ask()
    assert setting.store.asked == asked
    setting.now += 0.5
    for _ in range(20):
        await setting.ask()
    assert setting.store.asked == asked + 1


async def test_it_heals() -> None:
    setting = Setting()
    await setting.lose_the_store()
    setting.store.away = False
    setting.now += 0.5
    assert await setting.ask() == ADMITTED
    assert not setting.limiter.degraded
    assert await setting.ask() == ADMITTED


async def test_each_change_is_logged_once_and_every_fallback_counted() -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    setting = Setting()
    await setting.lose_the_store()
    assert setting.recorded.points("headrace.gateway.rate_limit.degraded") == [({}, 1)]
    for _ in range(5):
        setting.now += 1
        await setting.ask()
    setting.store.away = False
    setting.now += 1
    await setting.ask()
    logger.remove(sink)
    assert [line.split()[0] for line in lines] == ["WARNING", "INFO"]
    assert setting.recorded.points("headrace.gateway.rate_limit.fallbacks") == [({"mode": "local_share"}, 8)]
    assert setting.recorded.points("headrace.gateway.rate_limit.degraded") == [({}, 0)]


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_is_a_part_of_the_whole(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        Setting(share)
