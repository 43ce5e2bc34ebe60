"""The breaker against its model: calls begin and end in any order, with any time between."""

import asyncio
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from typing import Any

import pytest
from gateway.upstream.breaker import Breaker, BreakerOpen, Verdict
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from tests.hypothesis_profiles import examples

FAIL_MAX, RESET_S, MIN_CALLERS = 4, 5.0, 3


class DownError(Exception):
    """The upstream is away."""


class SlowError(Exception):
    """The call may be the cause."""


class NotFoundError(Exception):
    """An answer."""


ENDINGS: dict[str, type[BaseException] | None] = {
    "success": None,
    "failure": DownError,
    "late": SlowError,
    "refusal": NotFoundError,
    "cancellation": asyncio.CancelledError,
}
VERDICTS: dict[type[Exception], Verdict] = {DownError: Verdict.AWAY, SlowError: Verdict.SUSPECT}


class Waiting:
    """Suspends a coroutine until the test resumes it, so the test needs no event loop."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "answer"


@dataclass(eq=False)
class Call:
    """A call in progress: the coroutine, its caller, and the state of the model that let it through, by its number."""

    running: Coroutine[Any, Any, str]
    caller: str
    period: int
    is_trial: bool


class Breaking(RuleBasedStateMachine):
    """The real one, and a model of it: state, failures in a row, when it was opened, whether there is a trial.

    failures: who made the calls that failed in a row; None for a failure that is no caller's.
    """

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.changes: list[tuple[str, str]] = []
        self.breaker = Breaker(
            judge=lambda exc: VERDICTS.get(type(exc), Verdict.NEUTRAL),
            fail_max=FAIL_MAX,
            reset_timeout_s=RESET_S,
            on_change=lambda old, new: self.changes.append((old, new)),
            now=lambda: self.now,
        )
        self.state, self.opened_at = "closed", 0.0
        self.failures: list[str | None] = []
        self.expected: list[tuple[str, str]] = []
        self.trials: list[Call] = []
        self.open_calls: list[Call] = []

    def teardown(self) -> None:
        for call in self.open_calls:
            call.running.close()

    def move(self, state: str) -> None:
        self.expected.append((self.state, state))
        self.state, self.failures = state, []
        if state == "open":
            self.opened_at = self.now

    @property
    def lets_through(self) -> bool:
        if self.state == "open":
            return self.now - self.opened_at >= RESET_S
        return self.state == "closed" or not self.trials

    @rule(target=calls, caller=st.sampled_from("abcd"))
    def begin(self, caller: str) -> Any:
        expected = self.lets_through
        running = self.breaker.call(lambda: _awaited(Waiting()), caller)
        if not expected:
            with pytest.raises(BreakerOpen):
                running.send(None)
            return multiple()
        running.send(None)
        if self.state == "open":
            self.move("half-open")
        call = Call(running, caller, len(self.expected), self.state == "half-open")
        if call.is_trial:
            self.trials.append(call)
        self.open_calls.append(call)
        return call

    @rule(call=calls, ending=st.sampled_from(sorted(ENDINGS)))
    def end(self, call: Call, ending: str) -> None:
        if call not in self.open_calls:
            return
        self.open_calls.remove(call)
        error = ENDINGS[ending]
        with pytest.raises(error or StopIteration):
            call.running.throw(error()) if error is not None else call.running.send(None)
        if call.is_trial:
            self.trials.remove(call)
        if call.period == len(self.expected):
            self.judge(ending, call.caller)

    def judge(self, ending: str, caller: str) -> None:
        if ending in ("failure", "late"):
            self.failures.append(caller if ending == "late" else None)
            callers = len(set(self.failures) - {None}) + self.failures.count(None)
            if self.state == "half-open" or (len(self.failures) >= FAIL_MAX and callers >= MIN_CALLERS):
                self.move("open")
        elif ending == "success":
            self.failures = []
            if self.state == "half-open":
                self.move("closed")

    @rule(seconds=st.sampled_from([0.0, 0.5, RESET_S - 0.5, RESET_S, 3600.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def agrees(self) -> None:
        assert self.breaker.state == self.state
        assert self.changes == self.expected
        assert len(self.trials) <= 1
        refusal = self.breaker.refusal()
        assert (refusal is None) == self.lets_through
        assert refusal is None or (refusal.retry_after_s or 0) >= 1


async def _awaited(waiting: Waiting) -> str:
    return await waiting


TestBreaking = Breaking.TestCase
TestBreaking.settings = settings(max_examples=examples(200), stateful_step_count=50, deadline=None)
