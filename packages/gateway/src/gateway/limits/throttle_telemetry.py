"""Log messages and metrics of the throttle."""

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Protocol

from loguru import logger
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.telemetry.seconds_histogram import seconds_histogram

from gateway.limits.outcome import ShedCause

#: Overload is over when no request was rejected for so long (seconds).
_OVER_AFTER_S = 10.0

_waits = seconds_histogram(
    "headrace.gateway.throttle.wait", "Wait of queued requests for a permit.", "upstream", "rate_class"
)


class LimiterState(Protocol):
    """The observable state of a concurrency limiter."""

    @property
    def limit(self) -> int: ...

    @property
    def in_use(self) -> int: ...

    @property
    def waiting(self) -> int: ...


class LimiterTelemetry:
    """Counts the rejections of one limiter, times its waits, and logs when it begins to reject requests."""

    def __init__(self, attributes: Mapping[str, str], now: Callable[[], float]) -> None:
        self.attributes = attributes
        # Read when scraped: a rejection must cost as little as possible.
        self.sheds = dict.fromkeys(ShedCause, 0)
        self._now = now
        self._last_shed_at = float("-inf")

    def waited(self, seconds: float) -> None:
        """Records the wait of a request in seconds, whether it got a permit or not."""
        _waits.record(seconds, *self.attributes.values())

    def shed(self, cause: ShedCause, limit: int) -> None:
        """Records a rejection. limit: the number of permits."""
        self.sheds[cause] += 1
        if cause is ShedCause.CLIENT_SHARE:
            return  # one client asks for too much: others are admitted
        now = self._now()
        if now - self._last_shed_at > _OVER_AFTER_S:
            logger.bind(**self.attributes, cause=cause.value, limit=limit).warning("throttle overloaded")
        self._last_shed_at = now


class ThrottleTelemetry:
    """Makes the telemetry of limiters, and observes the limit, permits in use, queue and rejections of each."""

    def __init__(self, meter: Meter, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._limiters: list[tuple[LimiterTelemetry, LimiterState]] = []
        meter.create_observable_counter(
            "headrace.gateway.throttle.sheds",
            callbacks=[self._observe_sheds],
            unit="{request}",
            description="Requests rejected, by upstream, rate class and cause.",
        )
        for name, description in (
            ("limit", "Permits, by upstream and rate class."),
            ("in_use", "Permits in use, by upstream and rate class."),
            ("waiting", "Requests in the queue, by upstream and rate class."),
        ):
            meter.create_observable_gauge(
                f"headrace.gateway.throttle.{name}", callbacks=[self._observer(name)], description=description
            )

    def limiter(self, upstream: str, rate_class: str) -> LimiterTelemetry:
        """Returns the telemetry of the limiter for an upstream and a rate class."""
        return LimiterTelemetry({"upstream": upstream, "rate_class": rate_class}, self._now)

    def observe(self, telemetry: LimiterTelemetry, state: LimiterState) -> None:
        """Has the state of a limiter read whenever metrics are scraped."""
        self._limiters.append((telemetry, state))

    def _observer(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _options: [
            Observation(getattr(state, name), telemetry.attributes) for telemetry, state in self._limiters
        ]

    def _observe_sheds(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(count, {**telemetry.attributes, "cause": cause.value})
            for telemetry, _ in self._limiters
            for cause, count in telemetry.sheds.items()
        ]
