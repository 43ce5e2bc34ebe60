"""What becomes of a call whose first attempt has failed.

Two things, after gRPC's proposal A6 (https://github.com/grpc/proposal/blob/master/A6-client-retries.md). A call that
provably never ran moves to another address, for every method. Any other is sent again only if the contract says that
it may be, the service was unavailable, and the budget pays for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import random
from time import monotonic
from typing import Any

from grpclib.const import Status
from service_kit.contract import Method
from service_kit.request.context import RequestContext
from service_kit.request.errors import CallError

from gateway.upstream.balancer import pick
from gateway.upstream.endpoint import Endpoint
from gateway.upstream.failure import AttemptError
from gateway.upstream.pool import Pool
from gateway.upstream.retry_budget import RetryBudget

#: The longest pause before the first retry, in seconds; twice that before the second.
_FIRST_PAUSE_S = 0.05
_MOVE, _RETRY = "move", "retry"

#: Called with what was tried, "move" or "retry", and what came of it.
Count = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Call:
    """A call on behalf of a request; deadline: on the clock of time.monotonic()."""

    method: Method
    message: Any
    request: RequestContext
    deadline: float

    async def at(self, endpoint: Endpoint) -> Any:
        return await endpoint.call(self.method, self.message, self.request, self.deadline)


class Retrying:
    """Sends calls again that have failed. retries: how often at most. count: hears what came of it.

    jitter: a number from 0 to 1 at random. sleep: waits so many seconds.
    """

    def __init__(
        self,
        pool: Pool,
        budget: RetryBudget,
        retries: int,
        count: Count,
        *,
        jitter: Callable[[], float] = random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pool = pool
        self._budget = budget
        self._retries = retries
        self._count = count
        self._jitter = jitter
        self._sleep = sleep

    async def again(self, call: Call, endpoint: Endpoint, failure: AttemptError) -> Any:
        """The answer to ``call``, whose attempt at ``endpoint`` ended with ``failure``.

        AttemptError: the last failure, after which nothing more may be tried. CallError: the service's answer.
        """
        tried, retries = [endpoint], 0
        while (kind := self._kind(call, failure, retries)) is not None:
            other = self._other(tried, failure)
            if other is not None and kind == _RETRY:
                retries += 1
                if not await self._paid_and_paused(call, retries):
                    break
                other = self._other(tried, failure)  # things may have changed meanwhile
            if other is None:
                self._count(kind, "no_address")
                break
            tried.append(other)
            try:
                reply = await call.at(other)
            except AttemptError as exc:
                self._count(kind, "failed")
                failure = exc
            except CallError:
                self._count(kind, "answered")
                raise
            else:
                self._count(kind, "answered")
                return reply
        raise failure

    def _kind(self, call: Call, failure: AttemptError, retries: int) -> str | None:
        """What may be done about a failure; None: nothing."""
        if failure.status is not Status.UNAVAILABLE:
            return None
        if failure.never_ran:
            return _MOVE
        return _RETRY if retries < self._retries and call.method.may_repeat(call.message) else None

    async def _paid_and_paused(self, call: Call, retries: int) -> bool:
        """Pay for a retry, and wait for it: any part of a time that doubles, so that not all come back at once."""
        pause_s = self._jitter() * _FIRST_PAUSE_S * 2 ** (retries - 1)
        if monotonic() + pause_s >= call.deadline:
            self._count(_RETRY, "no_time")
            return False
        if not self._budget.withdraw():
            self._count(_RETRY, "no_budget")
            return False
        await self._sleep(pause_s)
        return True

    def _other(self, tried: list[Endpoint], failure: AttemptError) -> Endpoint | None:
        """Where the call may go now; None: nowhere."""
        other = pick(self._pool.endpoints, but=tried)
        last = tried[-1]
        if other is None and failure.lost and tried.count(last) == 1 and last.refusal is None:
            # The connection gave way; the address need not have. Over a new one, it gets a second chance.
            return last
        return other
