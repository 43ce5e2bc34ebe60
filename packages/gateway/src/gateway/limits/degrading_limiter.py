"""The rate limit while its shared store is away, as each method's policy wants it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.contract.policy import Degraded
from service_kit.telemetry.metrics import from_zero

from gateway.limits.limiter import Admission, Limiter, LimiterUnavailable
from gateway.limits.quota import Quota


@dataclass(frozen=True, slots=True)
class Ruling:
    """An admission, and what it rests on.

    quota: the one in force: the whole, or this process's share. local: counted by this process alone.
    """

    admission: Admission
    quota: Quota
    local: bool


class DegradingLimiter:
    """Asks the shared limiter; without its answer, admits from a local share of the quota or refuses to decide.

    One answer that does not come is enough to leave the shared limiter alone: those who asked it meanwhile have waited
    for the time-out, and nobody else does. `keep_trying` finds out when it is back, on nobody's time; after a lost
    packet that is at once.
    What was admitted locally is not told to the store, nor the other way round. So an outage, however often it comes,
    costs no more than each process's share once more, for the local buckets outlast it.

    shared: counts for all gateways. local: counts for this process alone.
    share: this process's part of a quota while it counts alone, above 0 and up to 1 (1 / expected replicas).
    retry_s: how long after a vain try the next one is, in seconds.
    """

    def __init__(
        self, shared: Limiter, local: Limiter, meter: Meter, *, share: float = 1.0, retry_s: float = 0.25
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
            description="1 while the rate limit does without the shared store.",
        )

    @property
    def degraded(self) -> bool:
        """The shared limiter is taken to be away."""
        return self._away.is_set()

    async def admit(self, key: str, quota: Quota, degraded: Degraded) -> Ruling:
        """Take one request out of the quota.

        degraded: what the method wants while the shared limiter is away. LimiterUnavailable: it is, and REFUSE.
        """
        if not self._away.is_set():
            try:
                return Ruling(await self._shared.admit(key, quota), quota, local=False)
            except LimiterUnavailable as exc:
                self._lost(exc)
        self._fallbacks.add(1, {"mode": degraded.value})
        if degraded is Degraded.REFUSE:
            raise LimiterUnavailable("the shared store is away")
        share = quota.share(self._share)
        return Ruling(await self._local.admit(key, share), share, local=True)

    async def charge(self, key: str, quota: Quota, units: int) -> Ruling:
        """Take ``units`` out of the quota, or of the local share, whether they are left or not."""
        if not self._away.is_set():
            try:
                return Ruling(await self._shared.charge(key, quota, units), quota, local=False)
            except LimiterUnavailable as exc:
                self._lost(exc)
        share = quota.share(self._share)
        return Ruling(await self._local.charge(key, share, units), share, local=True)

    async def keep_trying(self, check: Callable[[], Awaitable[None]]) -> NoReturn:
        """Whenever the shared limiter is away, find out when it is back.

        check: returns when the store is there, and ready to be asked. LimiterUnavailable: it is not.
        """
        while True:
            await self._away.wait()
            try:
                await check()
            except LimiterUnavailable:
                await asyncio.sleep(self._retry_s)
            else:
                self._away.clear()
                logger.info("the rate limit is shared again: its store answers")

    def _lost(self, exc: LimiterUnavailable) -> None:
        if not self._away.is_set():
            self._away.set()
            logger.warning("the rate limit is degraded: its shared store does not answer ({})", exc)

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(int(self.degraded))]
