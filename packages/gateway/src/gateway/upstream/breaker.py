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

#: Called with the breaker's name, the old state and the new one: "closed", "open", "half-open".
StateChange = Callable[[str, str, str], None]

# A trial's verdict is a matter of one call's deadline; nobody knows better.
_RETRY_DURING_TRIAL_S = 1.0


class BreakerOpen(Problem):
    """The call was not made: the upstream has failed too often. retry_after_s: when a trial is due, in seconds."""

    def __init__(self, retry_after_s: float, state: str) -> None:
        super().__init__(
            503,
            "UPSTREAM_UNAVAILABLE",
            "The service behind this path has failed too often and is being left alone.",
            decision=Decision("breaker", state, retry_after_s=max(1, ceil(retry_after_s))),
        )
        self.retry_after_s = retry_after_s


class _Failed(Exception):  # noqa: N818 - an outcome, never seen outside
    """Stands for a failure towards pybreaker, so that the real error's traceback does not grow."""


class Breaker:
    """Closed until ``fail_max`` failures in a row; then open for ``reset_timeout_s``; then one trial at a time.

    is_failure: tells the exceptions that speak against the upstream. Any other exception counts neither way: a
    NOT_FOUND neither opens a breaker nor makes up for a failure. Cancellation counts neither way either; a trial
    that ends like that leaves its place to the next call.
    on_change: hears of every transition. now: a clock that is never set, in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        is_failure: Callable[[Exception], bool],
        fail_max: int = 5,
        reset_timeout_s: float = 5.0,
        on_change: StateChange | None = None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.name = name
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
            name=name,
            throw_new_error_on_trip=False,
        )

    @property
    def state(self) -> str:
        """The state: "closed", "open" or "half-open"."""
        return self._machine.current_state

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
        state = self.state
        if state == STATE_CLOSED:
            return False
        if state == STATE_OPEN:
            left_s = self._opened_at + self._reset_timeout_s - self._now()
            if left_s > 0:
                raise BreakerOpen(left_s, state)
            self._machine.half_open()
        if self._trial_in_flight:
            raise BreakerOpen(_RETRY_DURING_TRIAL_S, self.state)
        self._trial_in_flight = True
        return True

    def _count_failure(self) -> None:
        try:
            self._machine.call(_fail)
        except _Failed:
            return

    def _changed(self, old: str, new: str) -> None:
        self._generation += 1
        if new == STATE_OPEN:
            self._opened_at = self._now()
        if self._on_change is not None:
            self._on_change(self.name, old, new)


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
