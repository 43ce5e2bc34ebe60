"""A circuit breaker for calls under asyncio: pybreaker's state machine behind an adapter.

pybreaker (https://github.com/danielfm/pybreaker) guards synchronous calls. Left to itself under asyncio it counts a
coroutine's creation as a success, lets every caller through while half open, takes a cancellation for a failure and
an excluded error for a success, and waits on the wall clock. So its machine is only told outcomes here, and who
may call is decided by this adapter.
"""

from collections.abc import Awaitable, Callable
from enum import Enum, auto
from itertools import count
from math import ceil
from time import monotonic
from typing import Any, NoReturn, TypeVar

from pybreaker import STATE_CLOSED, STATE_OPEN, CircuitBreaker, CircuitBreakerListener

from gateway.problems import Decision, Problem

T = TypeVar("T")

#: How many callers it takes to open a breaker by failures that the calls themselves may have caused: the expensive
#: requests of one caller must not keep all others from a service.
_MIN_CALLERS = 3

#: Called with the old state and the new one: "closed", "open", "half-open".
StateChange = Callable[[str, str], None]

# A trial ends within one call's deadline; there is no better estimate.
_RETRY_DURING_TRIAL_S = 1


class BreakerOpen(Problem):
    """The call was not made: the upstream has failed too often. decision: says when a trial is due."""

    def __init__(self, decision: Decision) -> None:
        detail = "The service behind this path has failed too often and is being left alone."
        super().__init__(503, "UPSTREAM_UNAVAILABLE", detail, decision=decision)


class _Failed(Exception):  # noqa: N818 - an outcome, never seen outside
    """Stands for a failure towards pybreaker, so that the real error's traceback does not grow."""


class Verdict(Enum):
    """What the exception that ended a call says about the upstream.

    NEUTRAL: nothing, such as NOT_FOUND, which neither opens a breaker nor makes up for a failure.
    SUSPECT: the upstream failed at this call, for which the call itself may be the cause: it was late, or met a bug.
    AWAY: the upstream is unavailable for every call.
    """

    NEUTRAL = auto()
    SUSPECT = auto()
    AWAY = auto()


class Breaker:
    """Closed until ``fail_max`` failures in a row; then open for ``reset_timeout_s``; then one trial at a time.

    Failures that are SUSPECT open it only if they came from at least three callers, or ``fail_max`` if that is fewer; a
    failure that is AWAY counts as a further caller.

    state: "closed", "open" or "half-open".

    judge: the verdict on an exception. Cancellation is NEUTRAL; a trial that ends without a verdict leaves its place to
    the next call.
    on_change: hears of every transition. now: a clock that is never set, in seconds.
    """

    def __init__(
        self,
        *,
        judge: Callable[[Exception], Verdict],
        fail_max: int = 5,
        reset_timeout_s: float = 5.0,
        on_change: StateChange | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.state: str = STATE_CLOSED
        self._judge = judge
        self._fail_max = fail_max
        #: Of the failures since the last success, those that pybreaker was told of, and who made the calls.
        self._failures = 0
        self._failing_callers: set[str | int] = set()
        self._numbers = count()
        self._reset_timeout_s = reset_timeout_s
        self._now = now
        self._opened_at = 0.0
        # Goes up with each transition: an outcome counts only in the state that let its call through.
        self._generation = 0
        self._trial_in_flight = False
        self._on_change = on_change
        self._machine = CircuitBreaker(
            fail_max=fail_max,
            reset_timeout=reset_timeout_s,
            listeners=[_Transitions(self._changed)],
            throw_new_error_on_trip=False,
        )

    def refusal(self) -> Decision | None:
        """Why no call may be made now, and when one may; None: the next one may."""
        if self.state == STATE_CLOSED:
            return None
        if self.state == STATE_OPEN:
            left_s = self._opened_at + self._reset_timeout_s - self._now()
            return Decision("breaker", self.state, retry_after_s=max(1, ceil(left_s))) if left_s > 0 else None
        return Decision("breaker", self.state, retry_after_s=_RETRY_DURING_TRIAL_S) if self._trial_in_flight else None

    async def call(self, function: Callable[[], Awaitable[T]], caller: str) -> T:
        """What ``function`` returns or raises. BreakerOpen: it was not called.

        caller: on whose behalf. The function must have a deadline of its own: a trial that never ends would never let
        another one through.
        """
        is_trial = self._admit()
        generation = self._generation
        try:
            result = await function()
        except Exception as exc:
            if generation == self._generation:
                self._count(self._judge(exc), caller)
            raise
        else:
            if generation == self._generation:
                self._forget_failures()
                self._machine.call(_succeed)
            return result
        finally:
            if is_trial:
                self._trial_in_flight = False

    def _admit(self) -> bool:
        """Let the call pass; True: as the trial."""
        decision = self.refusal()
        if decision is not None:
            raise BreakerOpen(decision)
        if self.state == STATE_CLOSED:
            return False
        if self.state == STATE_OPEN:
            self._machine.half_open()
        self._trial_in_flight = True
        return True

    def _count(self, verdict: Verdict, caller: str) -> None:
        if verdict is Verdict.NEUTRAL:
            return
        if len(self._failing_callers) < _MIN_CALLERS:
            self._failing_callers.add(caller if verdict is Verdict.SUSPECT else next(self._numbers))
        is_last = self.state == STATE_CLOSED and self._failures == self._fail_max - 1
        if is_last and len(self._failing_callers) < min(_MIN_CALLERS, self._fail_max):
            return
        self._failures += 1
        try:
            self._machine.call(_fail)
        except _Failed:
            return

    def _forget_failures(self) -> None:
        self._failures = 0
        self._failing_callers.clear()

    def _changed(self, old: str, new: str) -> None:
        self._generation += 1
        self._forget_failures()
        self.state = new
        if new == STATE_OPEN:
            self._opened_at = self._now()
        if self._on_change is not None:
            self._on_change(old, new)


class _Transitions(CircuitBreakerListener):
    """Passes pybreaker's transitions on, as the names of the states."""

    def __init__(self, changed: Callable[[str, str], None]) -> None:
        self._changed = changed

    def state_change(self, cb: CircuitBreaker, old_state: Any, new_state: Any) -> None:
        self._changed(old_state.name, new_state.name)


def _succeed() -> None:
    return None


def _fail() -> NoReturn:
    raise _Failed
