"""The rate limit while its shared store is away, as each method's policy wants it."""

from collections.abc import Callable, Iterable
from time import monotonic

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.contract.policy import Degraded

from gateway.limits.limiter import Admission, Limiter, LimiterUnavailable
from gateway.limits.quota import Quota

# One lost packet is no outage; three requests in a row without an answer are.
_FAILURES_TO_BYPASS = 3


class DegradingLimiter:
    """Asks the shared limiter; without its answer, admits from a local share of the quota or refuses to decide.

    shared: counts for all gateways. local: counts for this process alone.
    share: this process's part of a quota while it counts alone, above 0 and up to 1 (1 / expected replicas).
    bypass_s: how long the shared limiter is left alone once it is known to be away, in seconds; afterwards one
        request at a time tries it. So an outage costs a time-out once in that time, not on each request.
    """

    def __init__(
        self,
        shared: Limiter,
        local: Limiter,
        meter: Meter,
        *,
        share: float = 1.0,
        bypass_s: float = 0.5,
        now: Callable[[], float] = monotonic,
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError("the local share of a quota is above 0 and at most 1")
        self._shared = shared
        self._local = local
        self._share = share
        self._bypass_s = bypass_s
        self._now = now
        self._failures = 0
        self._try_again_at = 0.0
        self._fallbacks = meter.create_counter(
            "headrace.gateway.rate_limit.fallbacks",
            unit="{request}",
            description="Requests whose rate limit could not be checked in the shared store.",
        )
        meter.create_observable_gauge(
            "headrace.gateway.rate_limit.degraded",
            callbacks=[self._observe],
            description="1 while the rate limit does without the shared store.",
        )

    @property
    def degraded(self) -> bool:
        """The shared limiter is taken to be away."""
        return self._failures >= _FAILURES_TO_BYPASS

    async def admit(self, key: str, quota: Quota, degraded: Degraded) -> Admission:
        """Take one request out of the quota.

        degraded: what the method wants while the shared limiter is away. LimiterUnavailable: it is, and REFUSE.
        """
        if self._may_ask():
            try:
                admission = await self._shared.admit(key, quota)
            except LimiterUnavailable as exc:
                self._failed(exc)
            else:
                self._succeeded()
                return admission
        self._fallbacks.add(1, {"mode": degraded.value})
        if degraded is Degraded.REFUSE:
            raise LimiterUnavailable("the shared store is away")
        return await self._local.admit(key, quota.share(self._share))

    def _may_ask(self) -> bool:
        if not self.degraded:
            return True
        if self._now() < self._try_again_at:
            return False
        # This request tries; those that come meanwhile do not wait for it.
        self._try_again_at = self._now() + self._bypass_s
        return True

    def _failed(self, exc: LimiterUnavailable) -> None:
        self._failures += 1
        if self._failures == _FAILURES_TO_BYPASS:
            self._try_again_at = self._now() + self._bypass_s
            logger.warning("the rate limit is degraded: its shared store does not answer ({})", exc)

    def _succeeded(self) -> None:
        if self.degraded:
            logger.info("the rate limit is shared again: its store answers")
        self._failures = 0

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(self.degraded))]
