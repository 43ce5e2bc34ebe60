"""What the rate limit decides, in the metrics."""

from collections import Counter
from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from service_kit.contract.policy import RateClass


class RateLimitTelemetry:
    """Counts decisions by rate class and outcome. Read when scraped: it costs a request nothing but an addition.

    meter: where the instrument is made.
    """

    def __init__(self, meter: Meter) -> None:
        self._decisions = Counter[tuple[RateClass, str]]()
        meter.create_observable_counter(
            "headrace.gateway.rate_limit.decisions",
            callbacks=[self._observe],
            unit="{decision}",
            description="What the rate limit decided, by class and outcome.",
        )

    def decided(self, rate_class: RateClass, outcome: str) -> None:
        """outcome: "admitted", or the state that the refusal's decision tells."""
        self._decisions[rate_class, outcome] += 1

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(count, {"rate_class": rate_class.value, "outcome": outcome})
            for (rate_class, outcome), count in self._decisions.items()
        ]
