"""Each trap of pybreaker under asyncio, and what the adapter does about it."""

import asyncio
from datetime import UTC, datetime

import pybreaker
import pytest
from gateway.upstream.breaker import Breaker, BreakerOpen, Verdict

FAIL_MAX, RESET_S = 3, 5.0


class DownError(Exception):
    pass


class SlowError(Exception):
    pass


class NotFoundError(Exception):
    pass


VERDICTS: dict[type[Exception], Verdict] = {DownError: Verdict.AWAY, SlowError: Verdict.SUSPECT}


class Setting:
    """A breaker on a clock of its own, and calls that end as they are told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.changes: list[tuple[str, str]] = []
        self.calls = 0
        self.breaker = Breaker(
            judge=lambda exc: VERDICTS.get(type(exc), Verdict.NEUTRAL),
            fail_max=FAIL_MAX,
            reset_timeout_s=RESET_S,
            on_change=lambda old, new: self.changes.append((old, new)),
            now=lambda: self.now,
        )

    async def call(
        self, error: BaseException | None = None, gate: asyncio.Event | None = None, caller: str = "user:1"
    ) -> str:
        async def upstream() -> str:
            self.calls += 1
            if gate is not None:
                await gate.wait()
            if error is not None:
                raise error
            return "answer"

        return await self.breaker.call(upstream, caller)

    async def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(DownError):
                await self.call(DownError())

    async def be_slow(self, callers: str) -> None:
        """One call too slow for each letter of ``callers``."""
        for caller in callers:
            with pytest.raises(SlowError):
                await self.call(SlowError(), caller=caller)

    async def open_and_wait(self) -> None:
        await self.fail(FAIL_MAX)
        self.now += RESET_S


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_coroutine_counts_when_it_has_ended_not_when_it_is_made() -> None:
    setting = Setting()
    await setting.fail(FAIL_MAX)
    assert setting.breaker.state == "open"
    assert setting.changes == [("closed", "open")]


async def test_the_failure_that_trips_it_is_still_the_callers_to_see() -> None:
    setting = Setting()
    await setting.fail(FAIL_MAX - 1)
    error = DownError("the real reason")
    with pytest.raises(DownError) as caught:
        await setting.call(error)
    assert caught.value is error


async def test_an_open_one_rejects_at_once_and_says_when_to_come_back() -> None:
    setting = Setting()
    await setting.fail(FAIL_MAX)
    calls = setting.calls
    setting.now += 1.5
    with pytest.raises(BreakerOpen) as caught:
        await setting.call()
    assert setting.calls == calls
    assert (caught.value.status, caught.value.code) == (503, "UPSTREAM_UNAVAILABLE")
    assert caught.value.decision is not None
    assert caught.value.decision.as_json() == {"policy": "breaker", "state": "open", "retry_after_s": 4}


async def test_successes_make_up_for_failures() -> None:
    setting = Setting()
    for _ in range(5):
        await setting.fail(FAIL_MAX - 1)
        assert await setting.call() == "answer"
    assert setting.changes == []


async def test_an_answer_that_is_no_failure_counts_neither_way() -> None:
    setting = Setting()
    for _ in range(1000):
        with pytest.raises(NotFoundError):
            await setting.call(NotFoundError())
    assert setting.changes == []
    await setting.fail(FAIL_MAX - 1)
    with pytest.raises(NotFoundError):
        await setting.call(NotFoundError())
    await setting.fail()
    assert setting.breaker.state == "open"


async def test_cancellation_counts_neither_way() -> None:
    setting = Setting()
    for _ in range(FAIL_MAX * 2):
        task = asyncio.create_task(setting.call(gate=asyncio.Event()))
        await settle()
        task.cancel()
        await asyncio.wait([task])
    assert setting.changes == []
    await setting.fail(FAIL_MAX - 1)
    assert setting.breaker.state == "closed"


async def test_a_successful_trial_closes_it() -> None:
    setting = Setting()
    await setting.open_and_wait()
    assert await setting.call() == "answer"
    assert setting.changes[1:] == [("open", "half-open"), ("half-open", "closed")]
    await setting.fail(FAIL_MAX - 1)
    assert setting.breaker.state == "closed"


async def test_a_failed_trial_opens_it_again_for_the_whole_time() -> None:
    setting = Setting()
    await setting.open_and_wait()
    await setting.fail()
    assert setting.breaker.state == "open"
    setting.now += RESET_S - 0.1
    with pytest.raises(BreakerOpen):
        await setting.call()
    setting.now += 0.1
    assert await setting.call() == "answer"


async def test_half_open_500_at_once_make_one_trial() -> None:
    setting = Setting()
    await setting.open_and_wait()
    calls, gate = setting.calls, asyncio.Event()
    tasks = [asyncio.create_task(setting.call(gate=gate)) for _ in range(500)]
    await settle()
    assert setting.calls == calls + 1
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results.count("answer") == 1
    assert sum(isinstance(result, BreakerOpen) for result in results) == 499
    assert setting.breaker.state == "closed"


async def test_a_cancelled_trial_leaves_its_place_to_the_next() -> None:
    setting = Setting()
    await setting.open_and_wait()
    trial = asyncio.create_task(setting.call(gate=asyncio.Event()))
    await settle()
    trial.cancel()
    await asyncio.wait([trial])
    assert setting.breaker.state == "half-open"
    assert await setting.call() == "answer"
    assert setting.breaker.state == "closed"


async def test_a_trial_without_a_verdict_leaves_its_place_to_the_next() -> None:
    setting = Setting()
    await setting.open_and_wait()
    with pytest.raises(NotFoundError):
        await setting.call(NotFoundError())
    assert setting.breaker.state == "half-open"
    assert await setting.call() == "answer"
    assert setting.breaker.state == "closed"


@pytest.mark.parametrize("late", [None, DownError()])
async def test_what_was_let_through_earlier_has_no_say_in_the_trial(late: DownError | None) -> None:
    setting = Setting()
    early_gate, trial_gate = asyncio.Event(), asyncio.Event()
    early = asyncio.create_task(setting.call(late, early_gate))
    await settle()
    await setting.open_and_wait()
    trial = asyncio.create_task(setting.call(gate=trial_gate))
    await settle()
    early_gate.set()
    await asyncio.wait([early])
    assert isinstance(early.exception(), DownError) is (late is not None)
    assert setting.breaker.state == "half-open"
    with pytest.raises(BreakerOpen):
        await setting.call()
    trial_gate.set()
    await trial
    assert setting.breaker.state == "closed"


async def test_late_failures_do_not_keep_an_open_one_open() -> None:
    setting = Setting()
    gate = asyncio.Event()
    late = [asyncio.create_task(setting.call(DownError(), gate)) for _ in range(10)]
    await settle()
    await setting.fail(FAIL_MAX)
    setting.now += RESET_S - 1
    gate.set()
    await asyncio.wait(late)
    assert [type(task.exception()) for task in late] == [DownError] * 10
    setting.now += 1
    assert await setting.call() == "answer"


async def test_the_wall_clock_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Stuck":
            return cls(2000, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(pybreaker, "datetime", Stuck)
    setting = Setting()
    await setting.open_and_wait()
    assert await setting.call() == "answer"
    assert setting.breaker.state == "closed"


async def test_slow_calls_of_one_caller_never_open_it() -> None:
    setting = Setting()
    await setting.be_slow("a" * 1000)
    await setting.be_slow("ab" * 1000)
    assert setting.changes == []


async def test_slow_calls_of_several_callers_open_it() -> None:
    setting = Setting()
    await setting.be_slow("aaaab")
    assert setting.breaker.state == "closed"
    await setting.be_slow("c")
    assert setting.breaker.state == "open"


async def test_a_success_makes_up_for_slow_calls() -> None:
    setting = Setting()
    await setting.be_slow("aaab")
    await setting.call(caller="c")
    await setting.be_slow("ccc")
    assert setting.changes == []


@pytest.mark.parametrize(("slow", "away"), [("aaaa", 2), ("a", 2), ("", FAIL_MAX)])
async def test_an_upstream_that_is_away_counts_for_each_call(slow: str, away: int) -> None:
    setting = Setting()
    await setting.be_slow(slow)
    await setting.fail(away - 1)
    assert setting.breaker.state == "closed"
    await setting.fail()
    assert setting.breaker.state == "open"


async def test_a_slow_trial_opens_it_again() -> None:
    setting = Setting()
    await setting.open_and_wait()
    await setting.be_slow("a")
    assert setting.breaker.state == "open"
