"""How many calls one caller may have in progress, so that no caller takes all of a service's pools."""

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
class _Share:
    in_progress: int = 0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque)


class CallerShares:
    """A bulkhead for each caller: further calls of the same caller wait for its own earlier ones, in order.

    A caller is a user, or a network (one IPv4 address, one /64 of IPv6) where the call names no user. What is
    remembered of a caller goes with its last call.

    Args:
        identified: calls in progress of one user; half of the smallest pool is a good share.
        unidentified: calls in progress of one network without a user.
        waiting: further calls of one caller that may wait; more are refused.
    """

    def __init__(self, *, identified: int, unidentified: int, waiting: int) -> None:
        self._identified = identified
        self._unidentified = unidentified
        self._max_waiting = waiting
        self._shares: dict[str, _Share] = {}
        self._refused = meter("service_kit.grpc").create_counter(
            "rpc.server.caller.refusals",
            unit="{call}",
            description="Calls refused because too many of the same caller waited",
        )
        from_zero(self._refused)

    def __len__(self) -> int:
        """Returns how many callers have a call in progress."""
        return len(self._shares)

    @asynccontextmanager
    async def permit(self, request: RequestContext) -> AsyncIterator[None]:
        """Holds one of the permits of the caller of ``request``, after waiting for it.

        Raises:
            CallError: RESOURCE_EXHAUSTED, reason OVERLOADED, when too many calls of this caller wait already.
        """
        caller = client_of(request)
        limit = self._identified if caller.is_identified else self._unidentified
        share = self._shares.setdefault(caller.key, _Share())
        await self._acquire(share, limit)
        try:
            yield
        finally:
            _hand_on(share)
            if not share.in_progress and not share.waiting:
                self._shares.pop(caller.key, None)

    async def _acquire(self, share: _Share, limit: int) -> None:
        if share.in_progress < limit and not share.waiting:
            share.in_progress += 1
            return
        if len(share.waiting) >= self._max_waiting:
            self._refused.add(1)
            raise CallError(Status.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after_s=1)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        share.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                _hand_on(share)  # the permit came in the same moment as the cancellation
            elif turn in share.waiting:  # a permit that was handed on may have passed over it already
                share.waiting.remove(turn)
            raise


def _hand_on(share: _Share) -> None:
    """Gives a permit to the call that has waited longest, or back."""
    while share.waiting:
        turn = share.waiting.popleft()
        if not turn.done():
            turn.set_result(None)
            return
    share.in_progress -= 1
