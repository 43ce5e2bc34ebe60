"""Concurrency limits for all methods of the contract."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic

from service_kit.contract import Method

from gateway.limits.adaptive_limit import AdaptiveLimit
from gateway.limits.concurrency_limiter import ConcurrencyLimiter
from gateway.limits.throttle_telemetry import ThrottleTelemetry


@dataclass(frozen=True, slots=True)
class ThrottleConfig:
    """The configuration of each limiter."""

    #: Bounds of the number of permits.
    floor: int
    ceiling: int
    #: Requests that may wait for a permit.
    max_queue: int
    #: The longest wait of each, in seconds.
    max_wait_s: float


class Throttle:
    """A concurrency limiter for each upstream and rate class (a bulkhead).

    A slow upstream takes no permits of other upstreams, and a storm of logins none of other calls.

    Args:
        methods: all methods that will be asked for.
    """

    def __init__(
        self,
        methods: Iterable[Method],
        config: ThrottleConfig,
        telemetry: ThrottleTelemetry,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._config = config
        self._telemetry = telemetry
        self._now = now
        self._limiters: dict[tuple[str, str], ConcurrencyLimiter] = {}
        self._by_method = {method.full_name: self._limiter_for(method) for method in methods}

    def limiter(self, method: str) -> ConcurrencyLimiter:
        """Returns the limiter of a method, by the method's full name."""
        return self._by_method[method]

    def _limiter_for(self, method: Method) -> ConcurrencyLimiter:
        name = (method.upstream, method.policy.rate_class.value)
        if name not in self._limiters:
            telemetry = self._telemetry.limiter(*name)
            self._limiters[name] = limiter = ConcurrencyLimiter(
                AdaptiveLimit(self._config.floor, self._config.ceiling),
                max_queue=self._config.max_queue,
                max_wait_s=self._config.max_wait_s,
                is_calm=self._is_calm,
                telemetry=telemetry,
                now=self._now,
            )
            self._telemetry.observe(telemetry, limiter)
        return self._limiters[name]

    def _is_calm(self) -> bool:
        # All limiters share one event loop, so that load on one slows down the requests of every other.
        return not any(limiter.is_crowded for limiter in self._limiters.values())
