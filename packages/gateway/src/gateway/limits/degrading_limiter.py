"""The rate limit with a fallback, by each method's policy, while the shared store is unavailable."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.contract.policy import Degraded
from service_kit.telemetry.metrics import from_zero

from gateway.limits.quota import Quota
from gateway.limits.rate_limiter import RateLimitDecision, RateLimiter, RateLimiterUnavailable


@dataclass(frozen=True, slots=True)
class AppliedDecision:
    """A decision, and the quota that it applied."""

    decision: RateLimitDecision
    #: The whole quota, or this process's share.
    quota: Quota
    #: Counted by this process alone.
    is_local: bool


class DegradingLimiter:
    """Asks the shared limiter; if it fails, admits requests from a local share of the quota or refuses to decide.

    After one failure, the shared limiter is not asked any more: only the requests that had asked it wait for the
    timeout. `keep_trying` probes it in the background; after a lost packet it is back at once.
    Requests that were admitted locally are not reported to the store, nor the other way round. So outages, however
    often they occur, admit each process's share once more at most: the local buckets outlast them.

    Args:
        shared: counts for all gateways.
        local: counts for this process alone.
        share: this process's part of a quota while it counts alone, above 0 and at most 1 (1 / expected replicas).
        retry_s: the time between two probes, in seconds.

    Raises:
        ValueError: the share is out of bounds.
    """

    def __init__(
        self, shared: RateLimiter, local: RateLimiter, meter: Meter, *, share: float = 1.0, retry_s: float = 0.25
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError("the local share of a quota is above 0 and at most 1")
        self._shared = shared
        self._local = local
        self._share = share
        self._retry_s = retry_s
        self._away = asyncio.Event()
        self._fallbacks = meter.create_counter(
            "headrace.gateway.rate_limit.fallbacks",
            unit="{request}",
            description="Requests whose rate limit could not be checked in the shared store.",
        )
        from_zero(self._fallbacks, *({"mode": mode.value} for mode in Degraded))
        meter.create_observable_gauge(
            "headrace.gateway.rate_limit.degraded",
            callbacks=[self._observe],
            description="1 while the rate limit does not use the shared store.",
        )

    @property
    def degraded(self) -> bool:
        """Whether the shared limiter is treated as unavailable."""
        return self._away.is_set()

    async def admit(self, key: str, quota: Quota, degraded: Degraded) -> AppliedDecision:
        """Takes one request out of the quota.

        Args:
            key: the bucket.
            quota: the whole quota of the bucket.
            degraded: the method's policy while the shared limiter is unavailable.

        Raises:
            RateLimiterUnavailable: it is unavailable, and the policy is REFUSE.
        """
        if not self._away.is_set():
            try:
                return AppliedDecision(await self._shared.admit(key, quota), quota, is_local=False)
            except RateLimiterUnavailable as exc:
                self._lost(exc)
        self._fallbacks.add(1, {"mode": degraded.value})
        if degraded is Degraded.REFUSE:
            raise RateLimiterUnavailable("the shared store is away")
        share = quota.share(self._share)
        return AppliedDecision(await self._local.admit(key, share), share, is_local=True)

    async def charge(self, key: str, quota: Quota, units: int) -> AppliedDecision:
        """Takes ``units`` out of the quota, or of the local share, whether they are left or not."""
        if not self._away.is_set():
            try:
                return AppliedDecision(await self._shared.charge(key, quota, units), quota, is_local=False)
            except RateLimiterUnavailable as exc:
                self._lost(exc)
        share = quota.share(self._share)
        return AppliedDecision(await self._local.charge(key, share, units), share, is_local=True)

    async def keep_trying(self, check: Callable[[], Awaitable[None]]) -> NoReturn:
        """Probes the shared limiter while it is unavailable, for ever.

        Args:
            check: returns if the store answers; raises RateLimiterUnavailable if it does not.
        """
        while True:
            await self._away.wait()
            try:
                await check()
            except RateLimiterUnavailable:
                await asyncio.sleep(self._retry_s)
            else:
                self._away.clear()
                logger.info("the rate limit is shared again: its store answers")

    def _lost(self, exc: RateLimiterUnavailable) -> None:
        if not self._away.is_set():
            self._away.set()
            logger.bind(cause=str(exc)).warning("the rate limit is degraded: its shared store does not answer")

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(self.degraded))]
