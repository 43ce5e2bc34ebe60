"""Bounded concurrency: better a quick 503 for some than a slow answer for all."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.limits.concurrency_limit import ConcurrencyLimit
from gateway.problems import Decision, Problem

# Whatever fills all places is over, or somebody else's turn, within about a second.
_RETRY_AFTER_S = 1


class ThrottleMiddleware:
    """Lets as many requests in as ``limit`` has places, and sheds (503) those that wait too long for one."""

    def __init__(self, app: ASGIApp, limit: ConcurrencyLimit) -> None:
        self.app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not await self._limit.acquire():
            raise Problem(
                503,
                "OVERLOADED",
                "Too many requests are in progress.",
                decision=Decision(
                    "throttle", "shedding", limit=self._limit.max_concurrency, retry_after_s=_RETRY_AFTER_S
                ),
            )
        try:
            await self.app(scope, receive, send)
        finally:
            self._limit.release()
