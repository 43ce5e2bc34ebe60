"""A circuit breaker for calls under asyncio: pybreaker's state machine behind an adapter.

pybreaker (https://github.com/danielfm/pybreaker) guards synchronous calls. Left to itself under asyncio it counts a
coroutine's creation as a success, lets every caller through while half open, takes a cancellation for a failure and
an excluded error for a success, and waits on the wall clock. So its machine is only told outcomes here, and who
may call is decided by this adapter.
"""

from collections.abc import Awaitable, Callable
from math import ceil
from time import monotonic
from typing import Any, NoReturn, TypeVar

from pybreaker import STATE_CLOSED, STATE_OPEN, CircuitBreaker, CircuitBreakerListener

from gateway.problems import Decision, Problem

T = TypeVar("T")

#: Called with the old state and the new one: "closed", "open", "half-open".
StateChange = Callable[[str, str], None]

# A trial's verdict is a matter of one call's deadline; nobody knows better.
_RETRY_DURING_TRIAL_S = 1


class BreakerOpen(Problem):
    """The call was not made: the upstream has failed too often. decision: says when a trial is due."""

    def __init__(self, decision: Decision) -> None:
        detail = "The service behind this path has failed too often and is being left alone."
        super().__init__(503, "UPSTREAM_UNAVAILABLE", detail, decision=decision)


class _Failed(Exception):  # noqa: N818 - an outcome, never seen outside
    """Stands for a failure towards pybreaker, so that the real error's traceback does not grow."""


class Breaker:
    """Closed until ``fail_max`` failures in a row; then open for ``reset_timeout_s``; then one trial at a time.

    state: "closed", "open" or "half-open".

    is_failure: tells the exceptions that speak against the upstream. Any other exception counts neither way: a
    NOT_FOUND neither opens a breaker nor makes up for a failure. Cancellation counts neither way either; a trial
    that ends like that leaves its place to the next call.
    on_change: hears of every transition. now: a clock that is never set, in seconds.
    """

    def __init__(
        self,
        *,
        is_failure: Callable[[Exception], bool],
        fail_max: int = 5,
        reset_timeout_s: float = 5.0,
        on_change: StateChange | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.state: str = STATE_CLOSED
        self._is_failure = is_failure
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

    async def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """What ``function`` returns or raises. BreakerOpen: it was not called.

        The function has to have a deadline of its own: a trial that never ends would never let another one through.
        """
        is_trial = self._admit()
        generation = self._generation
        try:
            result = await function()
        except Exception as exc:
            if generation == self._generation and self._is_failure(exc):
                self._count_failure()
            raise
        else:
            if generation == self._generation:
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

    def _count_failure(self) -> None:
        try:
            self._machine.call(_fail)
        except _Failed:
            return

    def _changed(self, old: str, new: str) -> None:
        self._generation += 1
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
