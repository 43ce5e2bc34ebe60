"""Concurrency limiter per caller (bulkhead): no caller can occupy all of a service's pools."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from grpclib.const import Status

from service_kit.request.clients import client_of
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError
from service_kit.telemetry.metrics import from_zero, meter


@dataclass(slots=True)
class _Caller:
    in_progress: int = 0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque)


class CallerLimiter:
    """Limits the calls in progress of each caller; further calls wait for earlier ones of the same caller, in order.

    A caller is a user, or a network (one IPv4 address, one /64 of IPv6) where the call names no user. The state of a
    caller is removed with its last call.

    Args:
        identified: Calls in progress of one user; half of the smallest pool is a good value.
        unidentified: Calls in progress of one network without a user.
        waiting: Further calls of one caller that may wait; more are refused.
    """

    def __init__(self, *, identified: int, unidentified: int, waiting: int) -> None:
        self._identified = identified
        self._unidentified = unidentified
        self._max_waiting = waiting
        self._callers: dict[str, _Caller] = {}
        self._refused = meter("service_kit.grpc").create_counter(
            "rpc.server.caller.refusals",
            unit="{call}",
            description="Calls refused because too many of the same caller waited",
        )
        from_zero(self._refused)

    def __len__(self) -> int:
        """Returns how many callers have a call in progress."""
        return len(self._callers)

    @asynccontextmanager
    async def permit(self, request: RequestContext) -> AsyncIterator[None]:
        """Waits for one of the permits of the caller of ``request``, and holds it.

        Raises:
            CallError: RESOURCE_EXHAUSTED, reason OVERLOADED: too many calls of this caller are waiting.
        """
        caller = client_of(request)
        limit = self._identified if caller.is_identified else self._unidentified
        state = self._callers.setdefault(caller.key, _Caller())
        await self._acquire(state, limit)
        try:
            yield
        finally:
            _pass_on(state)
            if not state.in_progress and not state.waiting:
                self._callers.pop(caller.key, None)

    async def _acquire(self, state: _Caller, limit: int) -> None:
        if state.in_progress < limit and not state.waiting:
            state.in_progress += 1
            return
        if len(state.waiting) >= self._max_waiting:
            self._refused.add(1)
            raise CallError(Status.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after_s=1)
        permit: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        state.waiting.append(permit)
        try:
            await permit
        except asyncio.CancelledError:
            if permit.done() and not permit.cancelled():
                _pass_on(state)  # the permit came in the same moment as the cancellation
            elif permit in state.waiting:  # a permit that was passed on may have skipped it already
                state.waiting.remove(permit)
            raise


def _pass_on(state: _Caller) -> None:
    """Passes a permit to the call that has waited longest, or releases it."""
    while state.waiting:
        permit = state.waiting.popleft()
        if not permit.done():
            permit.set_result(None)
            return
    state.in_progress -= 1
